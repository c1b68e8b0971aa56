"""Interchangeable kernels: the real one, emulated ones, and booted images."""
