"""Taint flags; include/linux/panic.h, kernel/panic.c."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Taint(IntEnum):
    """Bits of /proc/sys/kernel/tainted that loading a module can set."""

    PROPRIETARY = 0
    FORCED_LOAD = 1
    FORCED_REMOVAL = 3
    USER = 6
    WARNED = 9
    STAGING = 10
    OUT_OF_TREE = 12
    UNSIGNED = 13
    LIVEPATCH = 15
    TEST = 18


LETTERS: Final = "PFSRMBUDAWCIOELKXTN"  # by bit
MEANINGS: Final = (  # by bit
    "a proprietary module was loaded",
    "a module was loaded by force",
    "the processor is out of its specification",
    "a module was removed by force",
    "the hardware reported an error",
    "a page was in a bad state",
    "a user asked for it: a dangerous parameter",
    "the kernel has died once",
    "an ACPI table was overridden",
    "the kernel warned of something",
    "a staging driver was loaded",
    "a firmware's fault was worked around",
    "an out-of-tree module was loaded",
    "an unsigned module was loaded",
    "a processor was stuck",
    "the kernel was patched live",
    "the distribution's own mark",
    "its structures are laid out at random",
    "a module that tests the kernel was loaded",
)
UNRELIABLE: Final = (
    Taint.PROPRIETARY,
    Taint.FORCED_LOAD,
    Taint.FORCED_REMOVAL,
)  # taints that disable lock debugging


def letters(taints: int) -> str:
    """The set bits of ``taints`` as in /sys/module/NAME/taint."""
    return "".join(letter for bit, letter in enumerate(LETTERS) if taints >> bit & 1)
