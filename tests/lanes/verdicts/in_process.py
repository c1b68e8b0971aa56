"""The cases of a lane on a real kernel in this process, and on the emulated one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pymodutils.kernel.description import Description
from tests.lanes.verdicts import booted, cases, emulated, lanes
from tests.lanes.verdicts.normal import normal


class Difference(NamedTuple):
    """The steps of a case in both kernels."""

    case: str
    ours: list[Any]
    theirs: list[Any]


def playable(lane: lanes.Lane) -> list[cases.Case]:
    """The cases that need only one task at a time."""
    return [case for case in lane.cases() if booted.playable(case)]


def differences(
    lane: lanes.Lane, chosen: list[cases.Case], description: Description, state: Path
) -> Iterator[Difference]:
    """Those of ``chosen`` of which the kernels do not say the same; ``state`` is the emulated one's file."""
    real = lanes.in_process(lane, chosen)
    ours = emulated.play(description, str(state), lane.cmdline, chosen, lanes.files(lane.kernel))
    for name, steps in real.items():
        found = Difference(name, _normal(ours[name], lane), _normal(steps, lane))
        if found.ours != found.theirs:
            yield found


def _normal(steps: Any, lane: lanes.Lane) -> list[Any]:
    return [normal(step, apart=lane.apart) for step in json.loads(json.dumps(steps))]
