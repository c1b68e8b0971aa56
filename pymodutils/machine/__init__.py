"""A processor and memory in this process, on which a Linux kernel runs; docs/machine.md."""

from typing import Final

UNAMES: Final = {
    62: "x86_64",
    183: "aarch64",
    243: "riscv64",
}  # e_machine -> as in uname -m
THESE: Final = " and ".join(", ".join(UNAMES.values()).rsplit(", ", 1))  # for messages
