"""A processor and memory in this process, on which a Linux kernel runs; docs/machine.md."""

from typing import Final

MACHINE: Final = 62  # e_machine of supported kernels: EM_X86_64
UNAME: Final = "x86_64"  # as in uname -m
