"""How far calls go without a stub; apply_relocate_add() of arch/*/kernel/module.c."""

from __future__ import annotations

from errno import ENOEXEC
from typing import NamedTuple

import pytest

from pymodutils.arch.arm import ARM
from pymodutils.arch.arm64 import ARM64
from pymodutils.arch.loongarch import LOONGARCH
from pymodutils.arch.model import Arch
from pymodutils.arch.parisc import PARISC
from pymodutils.arch.powerpc import PPC
from pymodutils.arch.riscv import RISCV64
from pymodutils.arch.s390 import S390
from pymodutils.link.failure import LinkError
from tests.arch.calls import Caller, called
from tests.arch.linkers import LOW

MB = 1 << 20


class Reach(NamedTuple):
    """A call, and the distances S - P between which it needs no stub, ``low <= way < high``."""

    caller: Caller
    low: int
    high: int
    step: int = 4
    bias: int = 0  # from the place to where distances count from
    odd: int = 0  # of Thumb: bit 0 of a function

    @property
    def arch(self) -> Arch:
        """The architecture."""
        return self.caller.arch

    def way(self, target: int) -> int:
        """The distance that the linked call has."""
        made = called(self.caller, LOW, [target & (1 << self.arch.bits) - 1])
        offset, number, _ = self.caller.rows[0]
        field = self.arch.relocs[number].field
        word = bytes(made.image.section(1))[offset : offset + field.size]
        way = field.get(int.from_bytes(word, field.order or self.arch.order))
        return way - 0x1000 if self.arch is RISCV64 and way & 0x800 else way  # its low half is signed


THUMB = {"THUMB2_KERNEL": "y"}
REACHES = [
    Reach(Caller(ARM64, bytes.fromhex("00000094"), ((0, 283, 0),)), -128 * MB, 128 * MB),
    Reach(Caller(ARM, bytes.fromhex("feffffeb"), ((0, 28, 0),)), -32 * MB + 4 + 8, 32 * MB + 8, bias=8),
    Reach(
        Caller(ARM, bytes.fromhex("fff7feff"), ((0, 10, 0),), "Thumb-2", options=THUMB),
        *(-16 * MB + 4, 16 * MB + 4, 2, 4, 1),
    ),
    Reach(Caller(PPC, bytes.fromhex("48000001"), ((0, 10, 0),)), -32 * MB, 32 * MB),
    Reach(
        Caller(RISCV64, bytes.fromhex("97000000e7800000"), ((0, 19, 0),)),
        *(-(1 << 31) - (1 << 11), (1 << 31) - (1 << 11), 2),
    ),
    Reach(Caller(LOONGARCH, bytes.fromhex("00000054"), ((0, 66, 0),)), -128 * MB, 128 * MB),
    Reach(Caller(PARISC, bytes.fromhex("e800a000"), ((0, 74, 0),)), -8 * MB + 8, 8 * MB + 8, bias=8),
    Reach(
        Caller(S390, bytes.fromhex("c0e500000000"), ((2, 20, 2),)),
        *(-0xFFFF_FFFC, 0x1_0000_0000),
    ),
]


@pytest.mark.parametrize("one", REACHES, ids=lambda one: f"{one.arch.name} {one.caller.name}")
def test_calls_go_straight_as_far_as_they_can(one: Reach) -> None:
    place = LOW + one.caller.rows[0][0]
    addend = one.caller.rows[0][2]
    for way in (one.low, one.high - one.step, 0):
        assert one.way(place + way | one.odd) == way - one.bias + addend
    for way in (one.low - one.step, one.high):
        assert one.way(place + way | one.odd) != way - one.bias + addend


@pytest.mark.parametrize(
    ("way", "direct"), [(-0x1_0000, False), (-0xFFFE, True), (0xFFFC, True), (0x1E_FFFE + 2, False)]
)
def test_short_calls_of_s390(way: int, direct: bool) -> None:
    """Val - loc + 0xffff < 0x1ffffe, where 0x1fffe was meant."""
    one = Reach(Caller(S390, bytes.fromhex("c0e500000000"), ((2, 18, 0),)), 0, 0)
    assert (one.way(LOW + 2 + way) == way) == direct


@pytest.mark.parametrize("way", [0x1_0000, 0x10_0000, 0x1E_FFFE])
def test_s390_refuses_short_calls_that_it_thinks_to_reach(way: int) -> None:
    one = Reach(Caller(S390, bytes.fromhex("c0e500000000"), ((2, 18, 0),)), 0, 0)
    with pytest.raises(LinkError) as failure:
        one.way(LOW + 2 + way)
    said = f"module module: relocation error for symbol s0 (r_type 18, value 0x{way:x})"
    assert (failure.value.log, failure.value.errno) == ((said,), ENOEXEC)


@pytest.mark.parametrize(
    ("code", "number", "target", "said"),
    [
        ("feffffeb", 28, LOW + 1, "unsupported interworking call (ARM -> Thumb)"),
        ("feffffeb", 28, LOW + 2, "unsupported interworking call (ARM -> Thumb)"),
        ("fff7feff", 10, LOW + 4, "unsupported interworking call (Thumb -> ARM)"),
    ],
)
def test_arm_calls_code_of_its_own_kind_only(code: str, number: int, target: int, said: str) -> None:
    caller = Caller(ARM, bytes.fromhex(code), ((0, number, 0),), options=THUMB)
    with pytest.raises(LinkError) as failure:
        called(caller, LOW, [target])
    assert failure.value.log[0].endswith(f" reloc 0 sym 's0': {said}")
    assert failure.value.errno == ENOEXEC
