"""A kernel running on the machine of ``pymodutils.machine``, as a Kernel of ``kernel.base``."""
