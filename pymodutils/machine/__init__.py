"""A processor and memory in this process, on which a Linux kernel runs; docs/machine.md."""

from typing import Final

UNAMES: Final = {62: "x86_64", 183: "aarch64"}  # e_machine of supported kernels -> as in uname -m
