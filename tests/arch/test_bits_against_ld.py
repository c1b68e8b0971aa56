"""Every bit of every table relocation, compared with GNU ld.

Swapped rows of the tables must make it fail.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet

from pymodutils.link.failure import LinkError
from tests.arch.cases import STEP, built, cases, ours, plain, pointer
from tests.arch.linkers import JUDGED, LOW, Judged
from tests.oracles import ld

KEPT = 0x1000  # the address of what the linker does not judge, but needs


def _judged() -> Iterator[ParameterSet]:
    for one in JUDGED:
        marks = () if one.emulation in ld.OWN else pytest.mark.lane
        for base in one.bases:
            yield pytest.param(one, base, id=f"{one.name} {base:#x}", marks=marks)


@pytest.mark.parametrize(("judged", "base"), list(_judged()))
def test_every_bit_as_ld(judged: Judged, base: int, tmp_path: Path) -> None:
    todo = cases(judged, base)
    data, imports, wanted = both(judged, base, tmp_path)
    made = ours(judged.arch, data, imports, base, judged.options, release=judged.release)
    different = [made[at : at + STEP] != wanted[at : at + STEP] for at in range(0, len(made), STEP)]
    assert [case for case, wrong in zip(todo, different, strict=True) if wrong] == []
    assert len(todo) > 9 * len(list(plain(judged)))


def both(judged: Judged, base: int, folder: Path) -> tuple[bytes, dict[str, int], bytes]:
    """The module with all cases, its imports, and its text as linked by the linker."""
    todo = cases(judged, base)
    data, imports = built(judged, todo)
    asked = data if judged.asked else built(judged, todo, rela=True)[0]
    places, known, mask = [ld.Placing(".text", base, 16)], imports, (1 << judged.arch.bits) - 1
    if judged.got is not None:
        places.append(ld.Placing(".got", pointer(judged, todo, base) + judged.got & mask, 8))
    if judged.kept:
        places.append(ld.Placing(judged.kept, KEPT, 16))
    if judged.gp:
        known = {**imports, judged.gp: pointer(judged, todo, base) & mask}
    linked = ld.link(folder, asked, places, known, judged.emulation, words=judged.told)
    return data, imports, linked[".text"]


@pytest.mark.parametrize(("judged", "base"), [one for one in _judged() if one.values[1] != LOW])
def test_rows_taken_for_each_other_are_noticed(judged: Judged, base: int, tmp_path: Path) -> None:
    data, imports, wanted = both(judged, base, tmp_path)
    relocs = judged.arch.relocs
    for first, second in pairwise(plain(judged)):
        one, other = relocs[first], relocs[second]
        if (one.calc, one.field) == (other.calc, other.field) or one.needs_stub or other.needs_stub:
            continue
        wrong = judged.arch._replace(relocs={**relocs, first: other, second: one})
        try:
            made = ours(wrong, data, imports, base, judged.options, release=judged.release)
        except LinkError:
            continue  # noticed, too
        assert made != wanted, f"{one.name}, {other.name}"
