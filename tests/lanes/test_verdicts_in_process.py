"""The cases of verdicts on a real kernel in this process, and on the emulated one: the same of each step.

A short part needs only cached files, and runs in make check.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodutils.checks import cache
from pymodutils.kernel import saved
from pymodutils.machine import saved as machine
from pymodutils.machine.boot import MEMORY
from pymodutils.root import Root
from tests.lanes.verdicts import in_process, lanes
from tests.oracles import debian, kernels
from tests.oracles.debian import Unavailable

IN_PROCESS = [name for name, lane in lanes.LANES.items() if lane.kernel != "uml"]
CLOUD = "cloud-amd64"
SHARES = {"amd64": 0, "later": 1, "newest": 2}  # of these lanes every third case, so that all are played
SHORT = 50  # one case of so many in make check


@pytest.mark.lane
@pytest.mark.slow
@pytest.mark.parametrize("name", IN_PROCESS)
def test_the_same_verdicts(name: str, tmp_path: Path) -> None:
    lane = lanes.LANES[name]
    chosen = in_process.playable(lane)
    if name in SHARES:
        chosen = chosen[SHARES[name] :: len(SHARES)]
    found = in_process.differences(lane, chosen, lanes.describe(lane.kernel), tmp_path / "state")
    assert list(found) == []


def test_some_verdicts(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if not (request.config.getoption("strict_lanes") or kept()):
        raise Unavailable("no booted kernel in the cache yet: make test puts one there")
    lane, kernel = lanes.LANES["amd64"], kernels.kernel(CLOUD)
    sources = [str(path) for path in (kernel.image, kernel.headers, kernel.modules)]
    description = saved.loads(cache.describe(sources, Root(), cached=True).encode(), CLOUD)
    chosen = in_process.playable(lane)[::SHORT]
    assert list(in_process.differences(lane, chosen, description, tmp_path / "state")) == []


def kept() -> bool:
    """Whether the booted kernel and the modules of the cases are in the cache."""
    folder = debian.cache() / "bookworm-amd64"
    notes = [folder / f"linux-{kind}-{CLOUD}.depends" for kind in ("image", "headers")]
    if not all(note.exists() and (folder / note.read_text()).is_dir() for note in notes):
        return False
    image = kernels.kernel(CLOUD).image
    name = machine.key(image.read_bytes(), lanes.LANES["amd64"].cmdline, MEMORY)
    return machine.exists(name) and any((debian.cache() / "kbuild").glob("sources-cloud-*"))
