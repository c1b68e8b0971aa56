"""Every relocation that is one row of a table, for every bit of its value: the bytes are GNU ld's.

And one step beyond what fits is refused, in the kernel's words.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodutils.arch.model import ignored
from pymodutils.arch.riscv import RISCV64
from pymodutils.arch.x86 import X86_64
from pymodutils.link.failure import LinkError
from tests.arch.judged import ADDEND, HIGH, JUDGED, LOW, STEP, Case, built, cases, ours, targets, theirs
from tests.link.objects import Part, Rel, Sym, make
from tests.oracles import ld

HERE = ("x86_64", "i386")
NAMES = [*HERE, *(pytest.param(name, marks=pytest.mark.lane) for name in JUDGED if name not in HERE)]


@pytest.mark.parametrize("high", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_every_bit_as_ld(name: str, high: bool, tmp_path: Path) -> None:
    judged = JUDGED[name]
    base = judged.bases[high]
    todo = list(cases(judged, base))
    data, imports = built(judged, todo)
    made, wanted = ours(judged, data, imports, base), theirs(judged, tmp_path, data, imports, base)
    wrong = [
        case
        for at, case in enumerate(todo)
        if made[at * STEP : at * STEP + STEP] != wanted[at * STEP : at * STEP + STEP]
    ]
    assert wrong == []
    rows = [row for number, row in judged.arch.relocs.items() if number not in judged.apart]
    bits = sum(
        part.high - part.low + 1 for row in rows if row.calc is not ignored for part in row.field.parts
    )
    assert len(todo) > bits


@pytest.mark.parametrize(
    ("number", "value"),
    [(10, 1 << 32), (10, -1), (10, -(1 << 63)), (11, 1 << 31), (11, -(1 << 31) - 1), (11, 1 << 32)],
)
@pytest.mark.parametrize("base", [LOW, HIGH], ids=hex)
def test_one_beyond_what_fits_is_refused_in_the_kernels_words(number: int, value: int, base: int) -> None:
    word = (1 << 64) - 1
    fits = Case(2, X86_64.relocs[2], 0, base - ADDEND & word, ADDEND)
    todo = [fits, Case(number, X86_64.relocs[number], value, value - ADDEND & word, ADDEND)]
    data, imports = built(JUDGED["x86_64"], todo)
    with pytest.raises(LinkError) as failure:
        ours(JUDGED["x86_64"], data, imports, base)
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
    wanted = ld.link(tmp_path, data, [ld.Placing(".text", base, 16)], imports, "elf64lriscv")[".text"]
    assert ours(JUDGED["riscv"], data, imports, base) == wanted
    data = make(RISCV64, [Part(".text", bytes(STEP))], [Sym("alone", 8, 1)], {1: [Rel(0, 24, 1)]})
    with pytest.raises(LinkError, match="Can not find HI20 relocation information") as failure:
        ours(JUDGED["riscv"], data, {}, base)
    assert failure.value.errno == 22
