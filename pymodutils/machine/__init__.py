"""A processor and memory in this process, on which a Linux kernel boots and runs; docs/machine.md."""

from typing import Final

MACHINE: Final = 62  # e_machine of the kernels that run on it: EM_X86_64
UNAME: Final = "x86_64"  # as uname -m prints it
