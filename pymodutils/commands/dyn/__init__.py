"""Commands for kernels whose modules are shared objects."""
