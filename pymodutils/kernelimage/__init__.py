"""Kernel images: containers, export tables, and evidence in strings."""
