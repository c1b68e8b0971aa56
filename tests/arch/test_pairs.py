"""Relocations that depend on another one or on stored data, compared with GNU ld."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from pymodutils.arch.mips import ARCHS, HI16, LO16
from pymodutils.arch.model import Arch
from pymodutils.arch.riscv import GATHERS, RISCV64
from pymodutils.arch.sparc import SPARC64
from pymodutils.link.failure import LinkError
from tests.arch.cases import STEP, ours, targets
from tests.arch.linkers import HIGH, HIGH32, JUDGED, LOW, Judged
from tests.link.objects import Part, Rel, Sym, make
from tests.oracles import ld

RISCV = next(one for one in JUDGED if one.arch.name == RISCV64.name)
MIPS_REL = [one for one in JUDGED if one.arch in ARCHS and not one.rela]
UNKNOWN = 199
OPCODES = {HI16: 0x3C02_0000, LO16: 0x2442_0000, UNKNOWN: 0}  # lui, addiu
ADDENDS = (0, 1, -4, 0x7FFF, -0x8000, 0x8000, 0x1_8000, -0x1_0000, 0x7FFF_8000)


def theirs(folder: Path, data: bytes, base: int, imports: Mapping[str, int], emulation: str) -> bytes:
    return ld.link(folder, data, [ld.Placing(".text", base, 16)], imports, emulation)[".text"]


@pytest.mark.lane
@pytest.mark.parametrize("base", [LOW, HIGH], ids=hex)
def test_low_halves_of_riscv_find_their_high_halves(base: int, tmp_path: Path) -> None:
    distances = sorted(targets(RISCV, 23))
    symbols, rows = [Sym(f"at{at}", at * STEP, 1, 0) for at in range(len(distances))], []
    symbols += [Sym(f"s{at}") for at in range(len(distances))]
    for at in range(len(distances)):
        here, label, goal = at * STEP, at + 1, len(distances) + at + 1
        rows += [
            Rel(here + 8, 25, label),
            Rel(here, 23, goal),
            Rel(here + 4, 24, label),
            Rel(here, 51, 0),
        ]
    parts = [Part(".text", bytes(STEP * len(distances)), align=16), *RISCV.parts]
    data = make(RISCV64, parts, symbols, {1: rows})
    word = (1 << 64) - 1
    imports = {f"s{at}": base + at * STEP + far & word for at, far in enumerate(distances)}
    assert ours(RISCV64, data, imports, base) == theirs(tmp_path, data, base, imports, RISCV.emulation)


def test_a_low_half_without_a_high_one_is_refused() -> None:
    parts = [Part(".text", bytes(STEP)), *RISCV.parts]
    data = make(RISCV64, parts, [Sym("alone", 8, 1)], {1: [Rel(0, 24, 1)]})
    with pytest.raises(LinkError, match="Can not find HI20 relocation information") as failure:
        ours(RISCV64, data, {}, LOW)
    assert failure.value.errno == 22


GATHERED = {  # name -> the numbers of a difference, and bytes at its place
    "6": ((53, 52), 1),
    "8": ((54, 37), 1),
    "16": ((55, 38), 2),
    "32": ((56, 39), 4),
    "add 8": ((33, 37), 1),
    "add 16": ((34, 38), 2),
    "add 32": ((35, 39), 4),
    "add 64": ((36, 40), 8),
    "ULEB128": ((60, 61), 2),
}


def difference(numbers: tuple[int, int], places: Sequence[bytes]) -> bytes:
    """A module whose places each hold the way from s0 to another symbol."""
    symbols = [Sym(f"s{at}") for at in range(1 + len(places))]
    ends = [
        (number, symbol)
        for symbol in range(2, 2 + len(places))
        for number, symbol in zip(numbers, (symbol, 1), strict=True)
    ]
    rows = [Rel(STEP * (at // 2), number, symbol) for at, (number, symbol) in enumerate(ends)]
    text = b"".join(place.ljust(STEP, b"\0") for place in places)
    return make(RISCV64, [Part(".text", text, align=16), *RISCV.parts], symbols, {1: rows})


@pytest.mark.lane
@pytest.mark.parametrize("kind", GATHERED)
def test_riscv_gathers_differences(kind: str, tmp_path: Path) -> None:
    numbers, size = GATHERED[kind]
    top = {"6": 6, "32": 29, "ULEB128": 14}.get(kind, 8 * size - 1)
    values = [(1 << bit) - less for bit in range(1, top + 1) for less in (1, 0)][: 2 * top - 1]
    before = b"\x80\1" if kind == "ULEB128" else b"\xc0" if kind == "6" else bytes(size)
    data = difference(numbers, [before] * len(values))
    imports = {"s0": LOW, **{f"s{at + 1}": LOW + value for at, value in enumerate(values)}}
    wide = [at for at, value in enumerate(values) if kind != "ULEB128" or value >= 1 << 7]  # lld pads
    ours_, theirs_ = (
        ours(RISCV64, data, imports, LOW, release=GATHERS),
        theirs(tmp_path, data, LOW, imports, ld.LLD),
    )
    assert [ours_[STEP * at : STEP * at + STEP] for at in wide] == [
        theirs_[STEP * at : STEP * at + STEP] for at in wide
    ]
    assert len(wide) >= 11


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


def mips(arch: Arch, insns: Sequence[tuple[int, int, int]]) -> bytes:
    """A module of instructions with a number, a symbol, and an addend, of which they hold half."""
    text, rows = b"", []
    for at, (number, symbol, addend) in enumerate(insns):
        half = addend + 0x8000 >> 16 if number == HI16 else addend
        text += (OPCODES[number] | half & 0xFFFF).to_bytes(4, arch.order)
        rows.append(Rel(4 * at, number, symbol + 1))
    symbols = [Sym(f"s{at}") for at in range(1 + max(symbol for _, symbol, _ in insns))]
    return make(arch, [Part(".text", text, align=16)], symbols, {1: rows}, rela=False)


@pytest.mark.lane
@pytest.mark.parametrize("judged", MIPS_REL, ids=lambda one: one.name)
@pytest.mark.parametrize("symbol", [0, 0x7FFC, 0x8000, 0x8012_3454, 0x8012_FFFC, 0xFFFE_8000], ids=hex)
def test_high_halves_of_mips_wait_for_a_low_one(judged: Judged, symbol: int, tmp_path: Path) -> None:
    addends = [*ADDENDS, *(sign << bit for bit in range(31) for sign in (1, -1))]
    kinds = (HI16, HI16, LO16, LO16)
    data = mips(judged.arch, [(kind, at, addend) for at, addend in enumerate(addends) for kind in kinds])
    imports = {f"s{at}": symbol for at in range(len(addends))}
    made = ours(judged.arch, data, imports, HIGH32)
    assert made == theirs(tmp_path, data, HIGH32, imports, judged.emulation)


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


@pytest.mark.lane
@pytest.mark.parametrize("symbol", [0, 0x155, 0x3FF, 0xDEAD_BEEF], ids=hex)
def test_sparc_adds_the_data_of_r_info(symbol: int, tmp_path: Path) -> None:
    base = 0x1000_0000
    offsets = [sign << bit for bit in range(12) for sign in (1, -1)]
    fitting = [offset for offset in offsets if -0x1000 <= (symbol & 0x3FF) + offset < 0x1000]
    rows = [Rel(STEP * at, 33, 1, 0, offset & 0xFF_FFFF) for at, offset in enumerate(fitting)]
    data = make(SPARC64, [Part(".text", bytes(STEP * len(rows)), align=16)], [Sym("s")], {1: rows})
    made = ours(SPARC64, data, {"s": symbol}, base)
    assert made == theirs(tmp_path, data, base, {"s": symbol}, "elf64_sparc")
    assert len({made[at : at + STEP] for at in range(0, len(made), STEP)}) > 20
