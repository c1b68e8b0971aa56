"""Hexagon branches: the kernel places the bits one higher than the psABI."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodutils.arch.hexagon import HEXAGON
from tests.arch.cases import STEP, built, case, ours
from tests.arch.linkers import JUDGED
from tests.oracles import ld

JUDGE = next(one for one in JUDGED if one.arch is HEXAGON)
BRANCH = 1
TOP = 1 << 18  # lld 14 takes eight times more


@pytest.mark.lane
@pytest.mark.parametrize("base", JUDGE.bases, ids=hex)
def test_the_kernels_branches_go_half_as_far(base: int, tmp_path: Path) -> None:
    distances = [0, 20, TOP, -TOP, *(sign << bit for bit in range(2, 18) for sign in (1, -1))]
    modules = {}
    for factor in (1, 2):
        todo = [case(JUDGE, BRANCH, factor * far, base + at * STEP) for at, far in enumerate(distances)]
        modules[factor] = built(JUDGE, todo)
    theirs = ld.link(tmp_path, modules[2][0], [ld.Placing(".text", base, 16)], modules[2][1], ld.LLD)
    assert ours(HEXAGON, *modules[1], base) == theirs[".text"]
