"""Operands in memory and lengths of instructions, as an assembler has them."""

from __future__ import annotations

import pytest

from pymodutils.machine.arm64 import operand as arm64
from pymodutils.machine.operand import Operand
from pymodutils.machine.x86_64 import operand as x86
from pymodutils.machine.x86_64.length import length

REGISTERS = {"RSP": 0x1000, "RDI": 3, "X0": 0x1000, "SP": 0x1000, "X1": 0xFFFF_FFFF, "W1": 0xFFFF_FFFF}


@pytest.mark.parametrize(
    ("code", "size", "expected"),
    [
        ("893cbc", 3, Operand("RSP", "RDI", 4, 0, 4, write=True)),  # mov %edi,(%rsp,%rdi,4)
        (
            "8b04bd40000080",
            7,
            Operand("", "RDI", 4, 0x40 - (1 << 31), 4, write=False),
        ),  # mov -2^31+64(,%rdi,4),%eax
        ("c687100000c001", 7, Operand("RDI", "", 1, 0x10 - (1 << 30), 1, write=True)),  # movb $1,DISP(%rdi)
        ("0fbf843f08000000", 8, Operand("", "RDI", 2, 8, 2, write=False)),  # movswl 8(%rdi,%rdi,1),%eax
        ("4a8904e4", 4, Operand("RSP", "R12", 8, 0, 8, write=True)),  # mov %rax,(%rsp,%r12,8)
        ("66c7040f0500", 6, Operand("RDI", "RCX", 1, 0, 2, write=True)),  # movw $5,(%rdi,%rcx,1)
        ("488d4c2408", 5, None),  # lea 8(%rsp),%rcx
        ("65488b042528000000", 9, None),  # mov %gs:0x28,%rax
        ("488b05f0ffffff", 7, None),  # mov -16(%rip),%rax
        ("48b8887766554433221100", 10, None),  # movabs
        ("0f1f840000000000", 8, None),  # nop
        ("f7450001000000", 7, Operand("RBP", "", 1, 0, 4, write=False)),  # testl $1,0(%rbp)
        ("c5f877", 0, None),  # vzeroupper
    ],
)
def test_x86_64(code: str, size: int, expected: Operand | None) -> None:
    data = bytes.fromhex(code) + bytes(16)
    assert (length(data), x86.operand(data)) == (size, expected)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        (0xB8227820, Operand("X1", "X2", 4, 0, 4, write=True)),  # str w0, [x1, x2, lsl #2]
        (0x3861C800, Operand("X0", "X1", 1, 0, 1, write=False, narrow=True)),  # ldrb w0, [x0, w1, sxtw]
        (0xF9400BE1, Operand("SP", "", 1, 16, 8, write=False)),  # ldr x1, [sp, #16]
        (0xA9BE7BFD, Operand("SP", "", 1, -32, 16, write=True)),  # stp x29, x30, [sp, #-32]!
        (0xA8C27BFD, Operand("SP", "", 1, 0, 16, write=False)),  # ldp x29, x30, [sp], #32
        (0x38001401, Operand("X0", "", 1, 0, 1, write=True)),  # strb w1, [x0], #1
        (0xF81F8001, Operand("X0", "", 1, -8, 8, write=True)),  # stur x1, [x0, #-8]
        (0x91004000, None),  # add x0, x0, #16
    ],
)
def test_arm64(word: int, expected: Operand | None) -> None:
    assert arm64.operand(word) == expected


def test_address_and_pointers() -> None:
    indexed = Operand("RSP", "RDI", 1, 16, 4, write=True)
    assert indexed.address(REGISTERS.__getitem__) == 0x1013
    assert indexed.pointers(REGISTERS.__getitem__) == (16, 0x1010, 19)
    narrow = Operand("X0", "X1", 4, 0, 4, write=False, narrow=True)
    assert narrow.address(REGISTERS.__getitem__) == 0xFFC
