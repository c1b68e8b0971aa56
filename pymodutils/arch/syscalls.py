"""The numbers of the three module system calls, by architecture.

From the kernel's own headers: ``asm/unistd*.h``, and ``asm-generic/unistd.h`` for GENERIC.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Numbers(NamedTuple):
    """The numbers for syscall(2)."""

    init_module: int
    finit_module: int
    delete_module: int


GENERIC: Final = Numbers(105, 273, 106)
