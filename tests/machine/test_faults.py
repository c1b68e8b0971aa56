"""Page tables, error codes and exception frames, compared with the manuals."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from struct import unpack

import pytest

from pymodutils.machine.paging import PAGE, AddressSpace, Unmapped
from pymodutils.machine.x86_64 import exceptions as faults
from pymodutils.machine.x86_64.cpu import X86Cpu
from pymodutils.machine.x86_64.exceptions import At

TABLES, DATA = 0x10000, 0x8000  # the root of the page tables, and free RAM
CODE, NOWHERE = 0x40_0000, 0xDEAD_0000
READ_ONLY_TEST = 0x40_1000


@pytest.fixture
def space() -> Iterator[AddressSpace]:
    with mmap.mmap(-1, 1 << 20) as ram:
        made = AddressSpace(ram, X86Cpu.entries, (TABLES, TABLES))
        tables = iter(range(TABLES + PAGE, TABLES + 64 * PAGE, PAGE))
        for page in range(2):
            made.map(CODE + page * PAGE, DATA + page * PAGE, tables)
        yield made


@pytest.mark.parametrize(
    ("code", "address", "expected"),  # what Intel's manual says the instruction does to memory at RDI
    [
        ("803f00", NOWHERE, 0),  # cmpb $0, (%rdi)
        ("488b07", NOWHERE, 0),  # mov (%rdi), %rax
        ("488907", NOWHERE, 2),  # mov %rax, (%rdi)
        ("ff07", NOWHERE, 2),  # incl (%rdi)
        ("f0480fc107", NOWHERE, 2),  # lock xadd %rax, (%rdi)
        ("0f1107", NOWHERE, 2),  # movups %xmm0, (%rdi)
        ("0f1007", NOWHERE, 0),  # movups (%rdi), %xmm0
        ("480fab07", NOWHERE, 2),  # bts
        ("480fa307", NOWHERE, 0),  # bt
        ("48ab", NOWHERE, 2),  # stosq
        ("48a5", NOWHERE, 2),  # movsq to RDI
        ("ff17", NOWHERE, 0),  # call *(%rdi)
        ("488707", NOWHERE, 2),  # xchg
        ("8407", NOWHERE, 0),  # test %al, (%rdi)
        ("48d127", NOWHERE, 2),  # shl
        ("480fb10f", NOWHERE, 2),  # cmpxchg
        ("48f727", NOWHERE, 0),  # mul
        ("48f71f", NOWHERE, 2),  # neg
        ("0fb607", NOWHERE, 0),  # movzbl
        ("830f01", NOWHERE, 2),  # orl $1
        ("833f01", NOWHERE, 0),  # cmpl $1
        ("0fae07", NOWHERE, 2),  # fxsave
        ("0fae0f", NOWHERE, 0),  # fxrstor
        ("488907", READ_ONLY_TEST, 3),  # a store to a page that is there
    ],
)
def test_error_codes(space: AddressSpace, code: str, address: int, expected: int) -> None:
    space.write(CODE, bytes.fromhex(code).ljust(16, b"\x90"))
    at = At(rip=CODE, cr2=address, rsp=0, rdi=address, cs=0x10)
    assert faults.error_code(space, at) == expected
    assert faults.error_code(space, at._replace(cs=0x33)) == expected | faults.U


def test_a_jump_to_nowhere_is_a_fetch(space: AddressSpace) -> None:
    assert faults.error_code(space, At(NOWHERE, NOWHERE, 0, 0, 0x10)) == faults.I


def test_a_push_writes_below_the_stack_pointer(space: AddressSpace) -> None:
    space.write(CODE, b"\x50".ljust(16, b"\x90"))
    assert faults.error_code(space, At(CODE, NOWHERE - 8, NOWHERE, 0, 0x10)) == faults.W


def test_an_instruction_at_the_end_of_what_is_mapped(space: AddressSpace) -> None:
    space.write(CODE + 2 * PAGE - 3, bytes.fromhex("488907"))
    assert faults.error_code(space, At(CODE + 2 * PAGE - 3, NOWHERE, 0, 0, 0x10)) == faults.W


def test_memory_goes_over_page_borders(space: AddressSpace) -> None:
    space.write(CODE + PAGE - 3, b"abcdef\0")
    assert space.read(CODE + PAGE - 3, 6) == b"abcdef"
    assert space.string(CODE + PAGE - 3) == b"abcdef"
    assert space.physical(CODE + PAGE + 5) == DATA + PAGE + 5
    with pytest.raises(Unmapped, match="0x402000 is not mapped"):
        space.read(CODE + 2 * PAGE - 1, 2)


def test_large_pages(space: AddressSpace) -> None:
    root = TABLES + 128 * PAGE
    other = AddressSpace(space.ram, X86Cpu.entries, (root, root))
    for table, entry in ((root, root + PAGE), (root + PAGE, root + 2 * PAGE)):
        space.ram[table : table + 8] = (entry | 7).to_bytes(8, "little")
    space.ram[root + 2 * PAGE + 8 : root + 2 * PAGE + 16] = (0x87).to_bytes(8, "little")
    assert other.physical((1 << 21) + 0x12345) == 0x12345


def test_a_frame_is_what_iret_takes(space: AddressSpace) -> None:
    top = faults.push(space, CODE + 0x808, (0x18, 0x1111, 0x202, 0x10, 0x2222), 5)
    assert top % 16 == 0
    assert unpack("<6Q", space.read(top, 48)) == (5, 0x2222, 0x10, 0x202, 0x1111, 0x18)


def test_a_gate_in_its_three_pieces(space: AddressSpace) -> None:
    handler = 0xFFFF_FFFF_81A0_0B50
    low = handler & 0xFFFF | 0x10 << 16 | 3 << 32 | 0x8E << 40 | (handler >> 16 & 0xFFFF) << 48
    space.write(CODE + 16 * 14, low.to_bytes(8, "little") + (handler >> 32).to_bytes(8, "little"))
    assert faults.gate(space, CODE, 14) == (handler, 3)
