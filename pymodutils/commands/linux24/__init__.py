"""The commands for emulated 2.4 kernels: those of modutils 2.4.16, and of ``pymodutils kernel``."""
