"""A hundred random verdicts, confirmed by a real kernel: errno and log."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from errno import ENOEXEC
from pathlib import Path

import pytest

from pymodutils import Verdict, check
from pymodutils.names import of_path
from tests.lanes import qemu
from tests.link.modules import paths
from tests.oracles import kernels

pytestmark = [pytest.mark.lane, pytest.mark.slow]
SAMPLE = {"cloud": 30, "amd64": 30, "trixie": 20, "uml": 10, "arm64": 10}  # tree -> modules of it
TELLING = ("disagrees about version", "Unknown symbol", "version magic", "Invalid architecture", "duplicate")
SEED = 20261125


def sample() -> dict[str, list[Path]]:
    """The modules of each tree, the same ones in each run."""
    chosen = random.Random(SEED)  # noqa: S311 -- no secrets here
    found = {}
    for tree, count in SAMPLE.items():
        files = paths(tree) if tree != "arm64" else arm64()
        found[tree] = [files[name] for name in chosen.sample(sorted(files), count)]
    return found


def arm64() -> dict[str, Path]:
    return {path.stem: path for path in kernels.kernel("arm64").modules.rglob("*.ko")}


def telling(lines: Iterable[str]) -> list[str]:
    return [line for line in lines if any(part in line for part in TELLING)]


def checked(modules: list[Path]) -> Iterator[tuple[Verdict, list[Path]]]:
    """Our verdicts, each with the files of the modules loaded before."""
    report = check([str(path) for path in modules], str(kernels.kernel("cloud-amd64").image))
    files = {**paths("cloud"), **{of_path(str(path)): path for path in modules}}
    for verdict in report.verdicts:
        yield verdict, [files[name] for name in verdict.needed]


def test_a_hundred_verdicts_are_those_of_the_real_kernel() -> None:
    ours = [each for modules in sample().values() for each in checked(modules)]
    pairs = [(verdict.path, [str(path) for path in needed]) for verdict, needed in ours]
    files = {Path(word) for path, needed in pairs for word in (path, *needed)}
    theirs = qemu.run("tests.lanes.guest.checked:verdicts", pairs, files=sorted(files))
    assert len(theirs) == 100
    for (verdict, _), (errno, log) in zip(ours, theirs, strict=True):
        assert (verdict.errno, telling(verdict.log)) == (errno, telling(log)), verdict.path
    assert {verdict.errno for verdict, _ in ours} == {0, ENOEXEC}
