"""What marks a kernel or a module as not to be trusted; include/linux/panic.h, kernel/panic.c."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Taint(IntEnum):
    """Bits of /proc/sys/kernel/tainted that modules bring."""

    PROPRIETARY = 0
    FORCED_LOAD = 1
    FORCED_REMOVAL = 3
    USER = 6
    STAGING = 10
    OUT_OF_TREE = 12
    UNSIGNED = 13
    LIVEPATCH = 15
    TEST = 18


LETTERS: Final = "PFSRMBUDAWCIOELKXTN"  # by bit
UNRELIABLE: Final = (Taint.PROPRIETARY, Taint.FORCED_LOAD, Taint.FORCED_REMOVAL)  # lock debugging ends


def letters(taints: int) -> str:
    """The set bits of ``taints`` as /sys/module/NAME/taint shows them."""
    return "".join(letter for bit, letter in enumerate(LETTERS) if taints >> bit & 1)
