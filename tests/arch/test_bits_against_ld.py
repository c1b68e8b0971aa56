"""Every relocation that is one row of a table, for every bit of its value: the bytes are GNU ld's.

And one step beyond what fits is refused, in the kernel's words.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from pymodutils.arch.m68k import M68K
from pymodutils.arch.model import Arch, Reloc, ignored, signed
from pymodutils.arch.riscv import RISCV64
from pymodutils.arch.x86 import I386, X86_64
from pymodutils.elf.scan import Elf
from pymodutils.link.failure import LinkError
from pymodutils.link.image import Image
from pymodutils.link.layout import Config, layout
from pymodutils.link.object import Object
from pymodutils.link.relocate import relocate
from pymodutils.link.symbols import simplify
from tests.link.objects import Part, Rel, Sym, make
from tests.oracles import ld

ADDEND = -4  # of every relocation, in its record or at its place
BEFORE = 0x0123_4567_89AB_CDEF  # what relocations that add find
STEP = 16  # bytes from one place to the next
LOW, HIGH = 0x4000_0000, 0xFFFF_FFFF_A000_0000
EMULATIONS = {"x86_64": "elf_x86_64", "i386": "elf_i386", "m68k": "m68kelf", "riscv": "elf64lriscv"}


class Case(NamedTuple):
    """One relocation whose calculation gives ``value`` when its symbol is worth ``symbol``."""

    number: int
    row: Reloc
    value: int
    symbol: int


def cases(arch: Arch, base: int) -> Iterator[Case]:
    """Each row, with each bit of its value in both signs and the ends of its range, at ``base``."""
    word = (1 << arch.bits) - 1
    at = 0
    for number, row in arch.relocs.items():
        if row.calc is ignored or number in arch.paired:
            continue
        for value in sorted(targets(row)):
            place = base + at * STEP if "P" in row.letters else 0
            yield Case(number, row, value, value + place - addend(row) & word)
            at += 1


def addend(row: Reloc) -> int:
    """ADDEND, or 0 where ld is not a judge of it.

    It takes away S but adds A in the SUB relocations of RISC-V (no assembler gives them one), and looks
    whether PCREL_HI20 reaches S, not S+A, before it takes the value for an absolute one.
    """
    return 0 if "V" in row.letters or row.name == "R_RISCV_PCREL_HI20" else ADDEND


def targets(row: Reloc) -> set[int]:
    """Values that differ from each other in one bit, all of which fit."""
    parts = row.field.parts
    low, high = row.range or signed(1 + max(part.high for part in parts))
    step = 1 if any(part.rounding for part in parts) else 1 << min(part.low for part in parts)
    wanted = {0, low, high - step, -step, 5 * step}
    wanted |= {sign << bit for bit in range(64) for sign in (1, -1)}
    return {value for value in wanted if low <= value < high and value % step == 0}


def built(arch: Arch, todo: list[Case]) -> tuple[bytes, dict[str, int]]:
    """A module with all cases, and what its imports are worth."""
    symbols = [Sym(f"s{at}") for at in range(len(todo))]
    rows = [Rel(at * STEP, case.number, at + 1, addend(case.row)) for at, case in enumerate(todo)]
    places = [_word(arch, case.row) for case in todo]
    text = b"".join(place.ljust(STEP, b"\0") for place in places)
    data = make(arch, [Part(".text", text, align=16)], symbols, {1: rows})
    return data, {f"s{at}": case.symbol for at, case in enumerate(todo)}


def _word(arch: Arch, row: Reloc) -> bytes:
    """The place as the assembler leaves it: with a REL addend, or with something to add to."""
    value = BEFORE if "V" in row.letters else 0 if arch.rela is None else ADDEND
    return row.field.put(0, value).to_bytes(row.field.size, row.field.order or arch.order)


def ours(arch: Arch, data: bytes, imports: dict[str, int], base: int) -> bytes:
    """The text as we link it at ``base``."""
    module = Object(data, Elf(data).sections, arch)
    image = Image(module, layout(module, Config()), (base, 0))
    relocate(image, simplify(image, "module", imports.__getitem__, print), "module")
    return bytes(image.section(1))


HERE = [(X86_64, LOW), (X86_64, HIGH), (I386, LOW), (I386, 0xC000_0000)]
FETCHED = [(M68K, LOW), (M68K, 0xC000_0000), (RISCV64, LOW), (RISCV64, HIGH)]
ARCHS = [*HERE, *(pytest.param(*one, marks=pytest.mark.lane) for one in FETCHED)]


@pytest.mark.parametrize(
    ("arch", "base"), ARCHS, ids=lambda one: one.name if isinstance(one, Arch) else hex(one)
)
def test_every_bit_as_ld(arch: Arch, base: int, tmp_path: Path) -> None:
    todo = list(cases(arch, base))
    data, imports = built(arch, todo)
    made = ours(arch, data, imports, base)
    theirs = ld.link(tmp_path, data, [ld.Placing(".text", base, 16)], imports, EMULATIONS[arch.name])[".text"]
    wrong = [
        case
        for at, case in enumerate(todo)
        if made[at * STEP : at * STEP + STEP] != theirs[at * STEP : at * STEP + STEP]
    ]
    assert wrong == []
    assert len(todo) > 12 * sum(row.calc is not ignored for row in arch.relocs.values())


@pytest.mark.parametrize(
    ("number", "value"),
    [(10, 1 << 32), (10, -1), (10, -(1 << 63)), (11, 1 << 31), (11, -(1 << 31) - 1), (11, 1 << 32)],
)
@pytest.mark.parametrize("base", [LOW, HIGH], ids=hex)
def test_one_beyond_what_fits_is_refused_in_the_kernels_words(number: int, value: int, base: int) -> None:
    word = (1 << 64) - 1
    fits = Case(2, X86_64.relocs[2], 0, base - ADDEND & word)
    todo = [fits, Case(number, X86_64.relocs[number], value, value - ADDEND & word)]
    data, imports = built(X86_64, todo)
    with pytest.raises(LinkError) as failure:
        ours(X86_64, data, imports, base)
    assert failure.value.errno == 8
    assert failure.value.log == (
        f"module: overflow in relocation type {number} val {value & word:x}",
        "module: `module' likely not compiled with -mcmodel=kernel",
    )
    where = failure.value.where
    assert (where.section, where.offset, where.address) == (".text", STEP, base + STEP)
    assert (where.relocation, where.symbol) == (X86_64.relocs[number].name, "s1")


@pytest.mark.lane
@pytest.mark.parametrize("base", [LOW, HIGH], ids=hex)
def test_low_halves_find_their_high_halves_as_in_ld(base: int, tmp_path: Path) -> None:
    distances = sorted(targets(RISCV64.relocs[23]))
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
    data = make(RISCV64, [Part(".text", bytes(STEP * len(distances)), align=16)], symbols, {1: rows})
    word = (1 << 64) - 1
    imports = {f"s{at}": base + at * STEP + far & word for at, far in enumerate(distances)}
    theirs = ld.link(tmp_path, data, [ld.Placing(".text", base, 16)], imports, "elf64lriscv")[".text"]
    assert ours(RISCV64, data, imports, base) == theirs
    data = make(RISCV64, [Part(".text", bytes(STEP))], [Sym("alone", 8, 1)], {1: [Rel(0, 24, 1)]})
    with pytest.raises(LinkError, match="Can not find HI20 relocation information") as failure:
        ours(RISCV64, data, {}, base)
    assert failure.value.errno == 22
