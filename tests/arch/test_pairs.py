"""Relocations that depend on another one or on stored data, compared with GNU ld and lld."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from pymodutils.arch.mips import HI16, LO16
from pymodutils.arch.riscv import GATHERS, RISCV64
from pymodutils.link.failure import LinkError
from tests.arch.cases import STEP, ours
from tests.arch.linkers import HIGH32, LOW, Judged
from tests.arch.pairs import MIPS_REL, RISCV, UNKNOWN, Pairs, kept, mips, pairs
from tests.link.objects import Part, Rel, Sym, make

EVERY = [pytest.param(one, id=one.name) for one in pairs()]


@pytest.mark.parametrize("one", EVERY)
def test_each_place_is_as_the_linker_had_it(one: Pairs) -> None:
    places = kept()[one.name]
    assert one.ours() == places
    assert len(set(places)) >= 11


@pytest.mark.lane
@pytest.mark.parametrize("one", EVERY)
def test_the_linker_has_what_was_kept(one: Pairs, tmp_path: Path) -> None:
    assert one.theirs(tmp_path) == kept()[one.name]


def test_a_low_half_without_a_high_one_is_refused() -> None:
    parts = [Part(".text", bytes(STEP)), *RISCV.parts]
    data = make(RISCV64, parts, [Sym("alone", 8, 1)], {1: [Rel(0, 24, 1)]})
    with pytest.raises(LinkError, match="Can not find HI20 relocation information") as failure:
        ours(RISCV64, data, {}, LOW)
    assert failure.value.errno == 22


@pytest.mark.parametrize(
    ("numbers", "before", "after", "log"),
    [
        ((35,), b"\xff\xff\xff\xff", (5).to_bytes(4, "little"), []),  # what was there is forgotten
        ((36, 39), bytes(8), bytes(8), []),
        ((54, 52), b"\xff", b"\xc0", []),
        ((56, 54, 53), b"\xff", b"\xff", ["module: value 325 out of range for 6-bit relocation."]),
        ((60,), b"\x85\x80", b"\5\x80", []),
    ],
    ids=["forgotten", "of two widths", "six bits", "too large", "short"],
)
def test_sums_of_riscv_as_its_source_says(
    numbers: Sequence[int], before: bytes, after: bytes, log: Sequence[str]
) -> None:
    rows = [Rel(0, number, 1) for number in numbers]
    data = make(RISCV64, [Part(".text", before.ljust(STEP, b"\0")), *RISCV.parts], [Sym("s")], {1: rows})
    said: list[str] = []
    value = 0x145 if log else 5
    text = ours(RISCV64, data, {"s": value}, LOW, release=GATHERS, report=lambda _, line: said.append(line))
    assert text[: len(after)] == after
    assert said == [*log]


@pytest.mark.parametrize("judged", MIPS_REL, ids=lambda one: one.name)
@pytest.mark.parametrize(
    ("halves", "errno", "log"),
    [
        ([(HI16, 0), (HI16, 1), (LO16, 1)], 8, ("module module: dangerous R_MIPS_LO16 relocation",)),
        ([(LO16, 0), (HI16, 0)], 8, ()),
        ([(HI16, 0), (UNKNOWN, 0)], 22, ("module: Unknown relocation type 199",)),
    ],
    ids=["another symbol's", "none", "none, and something worse behind it"],
)
def test_a_high_half_of_mips_without_its_low_one_is_refused(
    judged: Judged, halves: Sequence[tuple[int, int]], errno: int, log: Sequence[str]
) -> None:
    data = mips(judged.arch, [(number, symbol, 0) for number, symbol in halves])
    with pytest.raises(LinkError) as failure:
        ours(judged.arch, data, {"s0": 0x8000_0000, "s1": 0x8000_1000}, HIGH32)
    assert (failure.value.errno, failure.value.log) == (errno, log)
