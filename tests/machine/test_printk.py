"""Messages of printk() with their arguments, as the C library of Python's % formats them."""

from __future__ import annotations

import mmap

import pytest

from pymodutils.machine.paging import AddressSpace
from pymodutils.machine.printk import message
from pymodutils.machine.x86_64.cpu import X86Cpu

SIZE = 64 << 10
PML4, PDPT, DIRECTORY, TABLE, TEXT = 0x1000, 0x2000, 0x3000, 0x4000, 0x5000


@pytest.fixture
def space() -> AddressSpace:
    """One page with text, mapped at its physical address."""
    ram = mmap.mmap(-1, SIZE)
    for table, entry in ((PML4, PDPT), (PDPT, DIRECTORY), (DIRECTORY, TABLE)):
        ram[table : table + 8] = (entry | 3).to_bytes(8, "little")
    at = TABLE + TEXT // 4096 * 8
    ram[at : at + 8] = (TEXT | 3).to_bytes(8, "little")
    return AddressSpace(ram, X86Cpu.entries, (PML4, PML4))


@pytest.mark.parametrize(
    ("words", "values", "expected"),
    [
        ("\x016plain\n", (), "plain"),
        ("%d of %u", ((1 << 32) - 2, 7), "-2 of 7"),
        ("%lld %hhd", ((1 << 64) - 5, 0x1FF), "-5 -1"),
        ("[mem %#018Lx-%#x]", (0x9FC00, 16), "[mem 0x000000000009fc00-0x10]"),
        ("100%% %c", (65,), "100% A"),
        ("%pK and %s", (1, 0x9000), "... and ..."),
        ("%d %d %d %d %d %d", (1, 2, 3, 4, 5), "1 2 3 4 5 ..."),
    ],
)
def test_a_message(space: AddressSpace, words: str, values: tuple[int, ...], expected: str) -> None:
    data = words.encode() + b"\0"
    space.ram[TEXT : TEXT + len(data)] = data
    assert message(space, (TEXT, *values)) == expected


def test_a_string(space: AddressSpace) -> None:
    space.ram[TEXT : TEXT + 12] = b"at %-4s|\0hi\0"
    assert message(space, (TEXT, TEXT + 9)) == "at hi  |"
