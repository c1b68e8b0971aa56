"""Every bit of every relocation, compared with GNU ld's stored results."""

from __future__ import annotations

import pytest

from pymodutils.link.failure import LinkError
from tests.arch import golden, keep
from tests.arch.cases import STEP, built, ours
from tests.arch.historic import HISTORIC
from tests.arch.linkers import JUDGED, Judged

EVERY = [
    pytest.param(one, base, id=f"{one.name} {base:#x}")
    for one in (*JUDGED, *HISTORIC)
    for base in one.bases
    if keep.path(golden.name(one, base)).exists()
]


def linked(judged: Judged, base: int, rows: list[list[object]]) -> bytes:
    data, imports = built(judged, golden.as_cases(judged, rows))
    return ours(judged.arch, data, imports, base, judged.options, release=judged.release)


@pytest.mark.parametrize(("judged", "base"), EVERY)
def test_every_bit_as_ld_had_it(judged: Judged, base: int) -> None:
    rows = golden.kept(judged, base)["rows"]
    made = linked(judged, base, rows)
    places = [made[at : at + STEP].hex() for at in range(0, len(made), STEP)]
    assert [row for row, place in zip(rows, places, strict=True) if row[4] != place] == []


@pytest.mark.parametrize(("judged", "base"), EVERY)
def test_nothing_out_of_range_is_stored(judged: Judged, base: int) -> None:
    for row in golden.kept(judged, base)["beyond"]:
        try:
            made = linked(judged, base, [row])
        except LinkError:
            continue
        assert made[:STEP].hex() != row[4], judged.arch.relocs[row[0]].name
