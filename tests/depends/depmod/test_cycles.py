"""Dependency cycles: kmod's messages where it ends, ours where it aborts or hangs."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from pymodutils.depends.depmod import cycles, order
from tests.depends.depmod.compare import KMODS
from tests.depends.depmod.made import VERSION, module, place

Needs = list[list[int]]
AS_KMOD: list[tuple[Needs, list[str], int]] = [
    ([[1], [0]], ["m0 -> m1 -> m0"], 2),
    ([[0]], ["m0 -> m0"], 1),
    ([[1], [2], [0], [0]], ["m0 -> m1 -> m2 -> m0"], 3),
    ([[1, 2], [0], [0]], ["m0 -> m2 -> m0", "m0 -> m1 -> m0"], 3),
    ([[1], [0], [3], [2]], ["m0 -> m1 -> m0", "m2 -> m3 -> m2"], 4),
    ([[1, 2], [2], [0]], ["m0 -> m2 -> m0", "m0 -> m1 -> m2 -> m0"], 3),
    # kmod takes the first module after a cycle for another one, but does not count it
    ([[3], [4, 0], [], [0, 5, 1], [5], []], ["m0 -> m3 -> m1 -> m0", "m0 -> m3 -> m0", "m4"], 3),
    # and where a module that needs nothing drops out, its list of starts goes on behind that
    ([[1], [3, 1, 5], [4], [], [2, 3], []], ["m1 -> m1", "m4 -> m2 -> m4"], 3),
]
ENDLESS: list[tuple[Needs, list[str], int]] = [
    ([[1], [0, 2], [1]], ["m0 -> m1 -> m0"], 3),  # kmod 30 and 34 abort
    ([[0, 1], [2], [1]], ["m0 -> m0", "m1 -> m2 -> m1"], 3),  # they hang
]


def named(needs: Needs) -> tuple[list[str], int]:
    ways, count = cycles.named([f"m{at}" for at in range(len(needs))], needs, order.number(needs))
    return [" -> ".join(way) for way in ways], count


@pytest.mark.parametrize(("needs", "ways", "count"), AS_KMOD + ENDLESS)
def test_cycles_are_named(needs: Needs, ways: list[str], count: int) -> None:
    assert named(needs) == (ways, count)


def kmods(root: Path, needs: Needs) -> tuple[list[str], int] | None:
    """The output of kmod 34; None if it aborts or hangs."""
    modules = {
        f"kernel/m{at}.ko": module(exports={b"s%d" % at: 1}, needs=[b"s%d" % need for need in direct])
        for at, direct in enumerate(needs)
    }
    place(root, modules)
    words = [*KMODS["34"]("depmod"), "-b", str(root), VERSION]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=2)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode < 0:
        return None
    *lines, last = done.stderr.splitlines()
    return [line.removeprefix("depmod: ERROR: Cycle detected: ") for line in lines], int(last.split()[3])


@pytest.mark.lane
@pytest.mark.parametrize(("needs", "ways", "count"), AS_KMOD)
def test_kmod_says_so(needs: Needs, ways: list[str], count: int, tmp_path: Path) -> None:
    assert kmods(tmp_path, needs) == (ways, count)


@pytest.mark.lane
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_random_cycles(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)  # noqa: S311 -- the same graphs each time
    count = rng.randint(2, 6)
    needs = [rng.sample(range(count), rng.choice([0, 1, 1, 1, 2])) for _ in range(count)]
    needs[0] = [*dict.fromkeys([*needs[0], 0])]
    theirs = kmods(tmp_path, needs)
    found = cycles.walk(needs, order.number(needs))
    assert (found is None) == (theirs is None)
    assert theirs in (None, named(needs))
