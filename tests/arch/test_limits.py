"""Which values the loaders of 6.1 check, and how: apply_relocate_add() of arch/*/kernel/module*.c.

s16 is what fits 16 bits with a sign, u16 without; /4 is what has to be a multiple. A HA checks a value to
which 0x8000 is added first. Instructions that count in words are given in bytes.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pymodutils.arch.model import Arch
from pymodutils.arch.range import Range
from tests.arch.types import ARCHS, name

S390 = {
    "u8": (1,), "u12": (2, 6, 29), "u16": (3, 15, 27, 30, 34), "u32": (4, 7, 8, 13, 31, 35), "s16": (16,),
    "s32": (5, 14), "s20": (57, 58, 59), "s17/2": (17, 18), "s33/2": (19, 20, 21, 26, 33),
}  # fmt: skip
ARM64 = {
    "u16": (259, 263), "u32": (258, 265), "u48": (267,), "s16": (262, 279), "s17": (270, 287), "s32": (261,),
    "s33": (271, 275, 289), "s49": (272, 291), "s21": (273, 274, 280), "s28": (282, 283),
}  # fmt: skip
ALPHA = {"s32": (3, 10), "s16": (4, 19), "s32 HA": (6, 17), "s24/4": (7, 28)}
ARM = {"(s26)": (1, 28, 29), "(s25)": (10, 30), "s31": (42,)}
SLOTS = (0, 1 << 8, 2 << 8)  # of Itanium's bundles
IA64 = {
    "s22": [slot | at for at in (0x22, 0x2A, 0x32, 0x3A, 0x52, 0x7A, 0x86) for slot in SLOTS],
    "s60": [slot | 0x48 for slot in SLOTS],
    "s21": [slot | at for at in (0x49, 0x79) for slot in SLOTS],
}
LOONGARCH = {
    "u12": (39,), "s12": (40,), "s16": (41,), "s18/4": (42,), "s20": (43,), "s23/4": (44,),
    "s28/4": (45, 66), "u32": (46,),
}  # fmt: skip
MIPS = {"u28/4": (4,), "s18/4": (10,), "s23/4": (60,), "s28/4": (61,)}
POWERPC64 = {"s26/4": (10,), "s32": (26,), "s16": (47,), "s16/4": (63,), "/4": (64,)}
CHECKED: Mapping[str, Mapping[str, tuple[int, ...] | list[int]]] = {
    "alpha": ALPHA,
    "arm": ARM,
    "arm64": ARM64,
    "hexagon": {"s24": (1,)},
    "ia64": IA64,
    "loongarch": LOONGARCH,
    "mips": MIPS,
    "nios2": {"s16": (3,), "u28/4": (4,)},
    "parisc": {"s19": (12,), "s24": (74,)},
    "parisc64": {"s24": (74,)},
    "powerpc64": POWERPC64,
    "powerpc64le": POWERPC64,
    "riscv": {"u32": (1,), "s32 LO": (18, 19, 23)},
    "s390": S390,
    "x86_64": {"u32": (10,), "s32": (11,)},
    "xtensa": {"s20/4": (20 | 5 << 8,), "back 18/4": (20 | 1 << 8,)},
    "h8300": {"s16": (31,), "s8": (32,)},
    "m32r": {"ahead 17": (37,), "ahead 25": (38,)},
    "blackfin": {"u25": (0xA, 0xD)},
    "c6x": {"s23": (4,), "s14": (5,), "s12": (6,)},
    "nds32": {"s9": (22, 94), "s15": (23,), "s17": (24,), "s25": (25,)},
    "tilegx": {"s30": (21,), "s48": (48, 49)},
}


def limits(check: str) -> tuple[Range | None, int]:
    """The range and the alignment that ``check`` means."""
    kind, _, step = check.partition("/")
    if not kind:
        return None, int(step)
    bits = int("".join(filter(str.isdigit, kind)))
    half, align = 1 << bits - 1, int(step or 1)
    low, high = {
        "s": (-half, half),
        "u": (0, 1 << bits),
        "(": (1 - half, half),  # both ends excluded
        "b": (-1 << bits, 0),
        "a": (0, (1 << bits) - 3),
    }[kind[0]]
    less = 0x8000 if kind.endswith("HA") else 0x800 if kind.endswith("LO") else 0
    return Range(low - less, high - less), align


@pytest.mark.parametrize("arch", ARCHS, ids=name)
def test_values_are_checked_as_the_loader_does(arch: Arch) -> None:
    kinds = CHECKED.get(arch.name, {}) if arch.name != "riscv" or arch.bits == 64 else {}
    known = {number: limits(check) for check, numbers in kinds.items() for number in numbers}
    assert {
        number: (row.range, row.align)
        for number, row in arch.relocs.items()
        if row.range is not None or row.align > 1
    } == known
