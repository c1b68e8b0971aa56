"""Kernel command lines in real kernels and the emulated one: the modules that load, one boot each.

By default every sixth one runs, on alternating kernels; with WHOLE=1, all run on all kernels.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lanes.verdicts import lanes
from tests.lanes.verdicts.cases import FOLDER
from tests.lanes.verdicts.normal import normal

pytestmark = [pytest.mark.lane, pytest.mark.slow]

STEP = 6
# of lines that the real kernel may have said too often while it booted
LIMITED = ("Lockdown: ", "lockdown_is_locked_down: ")


def cases() -> Iterator[Any]:
    text = (FOLDER / "command_lines.txt").read_text("ascii")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    kernels = list(lanes.FLAVOURS)
    for at, line in enumerate(lines):
        if os.environ.get("WHOLE"):
            yield from ((kernel, line) for kernel in kernels)
        elif at % STEP == 0:
            yield kernels[at // STEP % len(kernels)], line


@pytest.mark.parametrize(("kernel", "line"), list(cases()))
def test_the_same_kernel(kernel: str, line: str, tmp_path: Path) -> None:
    lane = lanes.Lane(kernel, ("booted",), line)
    ours, real = lanes.emulated(lane, str(tmp_path / "state")), lanes.real(lane)
    assert {case: seen(it, lane) for case, it in ours.items()} == {
        case: seen(it, lane) for case, it in real.items()
    }


def seen(outcomes: list[dict[str, Any]], lane: lanes.Lane) -> list[dict[str, Any]]:
    found = [normal(outcome, apart=lane.apart) for outcome in outcomes]
    for outcome in found:
        outcome["log"] = [line for line in outcome["log"] if not line[1].startswith(LIMITED)]
    return found
