"""Measure two commands in turns; the result is the median of their ratios.

Absolute times depend on the machine and its load; the ratio of two adjacent runs does not.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

# a child of ours would begin with our peak in its ru_maxrss and keep it across exec; time is small
GNU_TIME: Final = ("time", "--quiet", "--format=%M", "--output")


class Run(NamedTuple):
    """One process, with its children, from start to end."""

    wall: float  # seconds
    cpu: float  # seconds, user and system
    peak: float  # MiB of the largest process (VmHWM), 0 if not measured


class Ratio(NamedTuple):
    """``ours`` compared with ``theirs``: medians of the ratios of adjacent runs."""

    wall: float
    cpu: float
    peak: float
    ours: Run  # medians
    theirs: Run


Before = Callable[[], object]


def measure(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Run:
    """Run ``command`` once, discarding its output; raises CalledProcessError unless it exits with 0."""
    with tempfile.NamedTemporaryFile("r") as file:
        spent = timed([*GNU_TIME, file.name, *command], environment)
        return spent._replace(peak=int(file.read().split()[-1]) / 1024)


def timed(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Run:
    """``measure`` without memory, which takes a millisecond."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    start = time.perf_counter()
    pid = os.posix_spawnp(
        command[0],
        list(command),
        {**inherited, **(environment or {})},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ],
    )
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    if status:
        raise subprocess.CalledProcessError(os.waitstatus_to_exitcode(status), command)
    return Run(wall, usage.ru_utime + usage.ru_stime, 0)


def compare(
    ours: Sequence[str],
    theirs: Sequence[str],
    *,
    pairs: int = 7,
    before: Before = lambda: None,
    before_theirs: Before | None = None,
) -> Ratio:
    """Measure both alternately, ``pairs`` times, after one run of each for the memory.

    ``before`` is called before every run.
    """
    both = (ours, before), (theirs, before_theirs or before)

    def turn(take: Callable[[Sequence[str]], Run]) -> list[Run]:
        return [(prepare(), take(command))[1] for command, prepare in both]

    peaks = [run.peak for run in turn(measure)]
    turns = [turn(timed) for _ in range(pairs)]
    return ratio([(mine._replace(peak=peaks[0]), other._replace(peak=peaks[1])) for mine, other in turns])


def ratio(runs: Sequence[tuple[Run, Run]]) -> Ratio:
    """The medians of ``runs``, pairs of (ours, theirs)."""
    wall, cpu, peak = (
        statistics.median(mine[at] / other[at] if other[at] else 0 for mine, other in runs) for at in range(3)
    )
    return Ratio(wall, cpu, peak, _median([mine for mine, _ in runs]), _median([other for _, other in runs]))


def _median(runs: Sequence[Run]) -> Run:
    wall, cpu, peak = (statistics.median(run[at] for run in runs) for at in range(3))
    return Run(wall, cpu, peak)
