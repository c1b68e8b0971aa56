"""The same modules, valid and damaged, in a real kernel and the emulated one."""
