"""Addends in the words of ARM instructions, as the Architecture Reference Manual encodes them."""

from __future__ import annotations

import pytest

from pymodutils.arch import arm_fields


@pytest.mark.parametrize(
    ("word", "value"),
    [
        (0xE59F0004, 4),  # ldr r0, [pc, #4]
        (0xE51F0004, -4),  # ldr r0, [pc, #-4]
        (0xE59F0FFF, 4095),
        (0xE51F0FFF, -4095),
        (0xE59F0000, 0),
    ],
)
def test_offsets_of_loads(word: int, value: int) -> None:
    assert arm_fields.LDR2.get(word) == value
    assert arm_fields.LDR2.get_all([word]) == [value]


@pytest.mark.parametrize("rest", [0, 4, 4095])
def test_loads_have_what_two_additions_leave(rest: int) -> None:
    """R_ARM_LDR_PC_G2 of aaelf32: 0xff000000 and 0xff0000 are in add instructions."""
    for word in (0xE59F0AAA, 0xE51F0AAA):
        assert arm_fields.LDR2.put(word, 0xFFFF_0000 + rest) == 0xE59F0000 + rest
        assert arm_fields.LDR2.put(word, -0xFFFF_0000 - rest) == 0xE51F0000 + rest


@pytest.mark.parametrize(
    ("word", "value"),
    [
        (0xE28F00FF, 0xFF),  # add r0, pc, #255
        (0xE24F00FF, -0xFF),  # sub r0, pc, #255
        (0xE28F0CFF, 0xFF00),  # rotated right by 24
        (0xE28F04FF, 0xFF00_0000),  # by 8
        (0xE28F0FFF, 0x3FC),  # by 30
        (0xE24F0E40, -0x400),  # 0x40 by 28
    ],
)
def test_constants_of_additions(word: int, value: int) -> None:
    assert arm_fields.ALU0.get(word) == value
    assert arm_fields.ALU0.put(0xE28F0AAA, value) == word
