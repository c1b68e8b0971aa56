"""Calls of C functions by the RISC-V ELF psABI, 2.1, on a guest that only notes registers and stack."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pymodutils.elf.ctype import Array, Function, Integer, Member, Parameter, Struct, Void
from pymodutils.kernel.booted.arguments import Call
from pymodutils.kernel.booted.invocation import Invocation
from pymodutils.machine.results import Returned
from pymodutils.machine.riscv import CALLS

LONG = Integer("long", 8, signed=True)
UNSIGNED = Integer("unsigned int", 4, signed=False)
TWO = Struct("struct", "two", 16, lambda: [Member("a", LONG, 0), Member("b", LONG, 8)])
BIG = Struct("struct", "big", 24, lambda: [Member("a", Array(LONG, 3), 0)])
ALL = (1 << 64) - 1


class Noted:
    """Memory, and the words of the last call."""

    def __init__(self) -> None:
        self.memory, self.next = bytearray(1 << 16), 0x1000
        self.machine, self.calls = SimpleNamespace(space=self, cpu=None), CALLS
        self.registers: list[int] = []
        self.stack: list[int] = []

    def read(self, address: int, length: int) -> bytes:
        return bytes(self.memory[address : address + length])

    def write(self, address: int, data: bytes) -> None:
        self.memory[address : address + len(data)] = data

    def number(self, address: int) -> int:
        return int.from_bytes(self.read(address, 8), "little")

    def allocate(self, data: bytes) -> int:
        place, self.next = self.next, self.next + (len(data) + 15 & -16)
        self.write(place, data)
        return place

    def free(self, _place: int) -> None:
        pass

    def run(self, _address: int, *words: int, stack: list[int], wide: bool, place: int) -> Returned:  # noqa: ARG002
        count = len(CALLS.registers)
        self.registers = [word & ALL for word in (*words, *[0] * count)[:count]]
        self.stack = [word & ALL for word in (*words[count:], *stack)]
        return Returned(0)


def function(returns: Any, *kinds: Any) -> Function:
    parameters = tuple(Parameter(f"p{number}", kind) for number, kind in enumerate(kinds))
    return Function("f", returns, parameters)


def called(guest: Noted, made: Function, arguments: list[object]) -> list[object]:
    """What the called side finds."""
    Call(guest, made).run(0, arguments)  # type: ignore[arg-type]
    stack = guest.allocate(b"".join(word.to_bytes(8, "little") for word in guest.stack))
    guest.machine.cpu = SimpleNamespace(sp=stack, back=0, pushed=0)
    guest.machine.arguments = lambda count: guest.registers[:count]
    return list(Invocation(guest, made).arguments(0))  # type: ignore[arg-type]


def test_a_structure_is_split_between_the_last_register_and_the_stack() -> None:
    guest, given = Noted(), [1, 2, 3, 4, 5, 6, 7, {"a": 8, "b": 9}, 10]
    assert called(guest, function(Void(), *[LONG] * 7, TWO, LONG), given) == given
    assert (guest.registers, guest.stack) == ([1, 2, 3, 4, 5, 6, 7, 8], [9, 10])


def test_a_large_structure_is_passed_by_address_and_returned_by_the_first_argument() -> None:
    guest, given = Noted(), [{"a": [7, 8, 9]}, 5]
    assert called(guest, function(BIG, BIG, LONG), given) == given
    place, argument, last = guest.registers[:3]
    assert (guest.number(argument + 8), last, guest.stack) == (8, 5, [])
    assert place not in (0, argument)


@pytest.mark.parametrize(
    ("value", "register"), [(1, 1), (0x8000_0000, 0xFFFF_FFFF_8000_0000), (0xFFFF_FFFF, ALL)]
)
def test_numbers_of_32_bits_are_extended_by_their_highest_bit(value: int, register: int) -> None:
    guest = Noted()
    assert called(guest, function(Void(), UNSIGNED), [value]) == [value]
    assert guest.registers[0] == register
