"""Every relocation that is one row of a table, for every bit of its value: the bytes are GNU ld's.

And one step beyond what fits is refused, in the kernel's words.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet

from pymodutils.arch.riscv import RISCV64
from pymodutils.arch.x86 import X86_64
from pymodutils.link.failure import LinkError
from tests.arch.cases import STEP, built, case, cases, ours, plain, targets
from tests.arch.linkers import HIGH, JUDGED, LOW, Judged
from tests.link.objects import Part, Rel, Sym, make
from tests.oracles import ld

X86, RISCV = (next(one for one in JUDGED if one.arch is arch) for arch in (X86_64, RISCV64))


def _judged() -> Iterator[ParameterSet]:
    for one in JUDGED:
        marks = () if one.emulation in ld.OWN else pytest.mark.lane
        for base in one.bases:
            yield pytest.param(one, base, id=f"{one.name} {base:#x}", marks=marks)


@pytest.mark.parametrize(("judged", "base"), list(_judged()))
def test_every_bit_as_ld(judged: Judged, base: int, tmp_path: Path) -> None:
    todo = cases(judged, base)
    data, imports = built(judged, todo)
    made = ours(judged.arch, data, imports, base, judged.options)
    asked = data if judged.asked else built(judged, todo, rela=True)[0]
    places = [ld.Placing(".text", base, 16)]
    linked = ld.link(tmp_path, asked, places, imports, judged.emulation, words=judged.told)
    theirs = linked[".text"]
    starts = range(0, len(made), STEP)
    different = [made[at : at + STEP] != theirs[at : at + STEP] for at in starts]
    assert [case for case, wrong in zip(todo, different, strict=True) if wrong] == []
    assert len(todo) > 9 * len(list(plain(judged)))


@pytest.mark.parametrize(
    ("number", "value"),
    [(10, 1 << 32), (10, -1), (10, -(1 << 63)), (11, 1 << 31), (11, -(1 << 31) - 1), (11, 1 << 32)],
)
@pytest.mark.parametrize("base", [LOW, HIGH], ids=hex)
def test_one_beyond_what_fits_is_refused_in_the_kernels_words(number: int, value: int, base: int) -> None:
    word = (1 << 64) - 1
    todo = [case(X86, 2, 0, base), case(X86, number, value, base + STEP)]
    data, imports = built(X86, todo)
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
    data = make(
        RISCV64, [Part(".text", bytes(STEP * len(distances)), align=16), *RISCV.parts], symbols, {1: rows}
    )
    word = (1 << 64) - 1
    imports = {f"s{at}": base + at * STEP + far & word for at, far in enumerate(distances)}
    theirs = ld.link(tmp_path, data, [ld.Placing(".text", base, 16)], imports, "elf64lriscv")[".text"]
    assert ours(RISCV64, data, imports, base) == theirs
    data = make(
        RISCV64, [Part(".text", bytes(STEP)), *RISCV.parts], [Sym("alone", 8, 1)], {1: [Rel(0, 24, 1)]}
    )
    with pytest.raises(LinkError, match="Can not find HI20 relocation information") as failure:
        ours(RISCV64, data, {}, base)
    assert failure.value.errno == 22
