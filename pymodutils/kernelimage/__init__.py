"""Kernel images: the container unwrapped, the export tables and what the kernel's strings tell."""
