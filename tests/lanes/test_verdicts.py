"""Modules, valid and damaged, in a real kernel and the emulated one: errno, log, taint and files.

One boot runs all cases of a lane, in the same order as on the emulated kernel; each is a test.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lanes.shared import once
from tests.lanes.verdicts import lanes
from tests.lanes.verdicts.normal import normal

pytestmark = [pytest.mark.lane, pytest.mark.slow]

Outcomes = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="session", params=lanes.LANES)
def lane(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Outcomes, Outcomes, bool]:
    """The results of a lane's cases on the real kernel and ours; parallel workers share one boot.

    Also, whether the areas of its modules are separate.
    """
    name: str = request.param
    found = once(f"verdicts-{name}", tmp_path_factory, lambda folder: both(name, folder))
    real, ours = found["real"], found["ours"]
    return real, ours, lanes.LANES[name].apart


def both(name: str, folder: Path) -> dict[str, Any]:
    """The results on both kernels; a failed boot is not repeated for each case."""
    lane = lanes.LANES[name]
    try:
        real = lanes.real(lane)
    except RuntimeError as error:
        return {"failed": str(error)}
    return {"real": real, "ours": lanes.emulated(lane, str(folder / f"verdicts-{name}.state"))}


def cases() -> Iterator[Any]:
    for name, lane in lanes.LANES.items():
        for case in lane.cases():
            yield pytest.param(name, case.name, id=f"{name}: {case.name}")


@pytest.mark.parametrize(("lane", "case"), list(cases()), indirect=["lane"])
def test_the_same_verdict(lane: tuple[Outcomes, Outcomes, bool], case: str) -> None:
    real, ours, apart = lane
    assert [normal(it, apart=apart) for it in ours[case]] == [normal(it, apart=apart) for it in real[case]]
