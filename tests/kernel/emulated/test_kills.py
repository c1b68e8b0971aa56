"""Processes killed during an operation leave the state before or after it."""

from __future__ import annotations

import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from pymodutils.errors import BadState
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from tests.kernel.emulated.processes import (
    boot,
    consistent,
    ended,
    forked,
    insert,
    killed,
    limited,
    remove,
    seen,
)

KILLS, WRITES = 60, 25


def take_time(work: Callable[[Path], None], begin: Path, path: Path) -> float:
    """The durations of ``work`` on copies of ``begin`` in seconds."""
    found = []
    for _ in range(3):
        shutil.copy(begin, path)
        start = time.monotonic()
        assert ended(forked(partial(work, path))) == 0
        found.append(time.monotonic() - start)
    return min(found)


WORKS = pytest.mark.parametrize(
    ("work", "loaded"),
    [
        pytest.param(partial(insert, name="alone7"), ["base"], id="load-large"),
        pytest.param(partial(insert, name="top"), ["base", "left", "right"], id="load-user"),
        pytest.param(partial(remove, name="alone7"), ["alone7"], id="remove-large"),
        pytest.param(partial(remove, name="top"), ["base", "left", "right", "top"], id="remove-user"),
        pytest.param(boot, ["base", "alone7", "left"], id="boot-again"),
    ],
)


class Trial:
    """``work`` on copies of a kernel with the modules ``loaded``, and the states before and after."""

    def __init__(self, work: Callable[[Path], None], loaded: list[str], folder: Path) -> None:
        self.begin, self.path = folder / "begin", folder / "k.state"
        self.journal = folder / "k.state-journal"
        boot(self.begin)
        for name in loaded:
            insert(self.begin, name)
        self.before = seen(self.begin)
        self.seconds = take_time(work, self.begin, self.path)
        self.after = seen(self.path)
        assert consistent(self.after) != consistent(self.before)
        self.ends: Counter[str] = Counter()

    def judge(self, kill: Callable[[], int]) -> None:
        """Interrupt the work by ``kill``, and check that the state is either one, and usable."""
        shutil.copy(self.begin, self.path)
        status = kill()
        assert status in (0, -signal.SIGKILL, -signal.SIGXFSZ)
        self.ends["in the midst"] += self.journal.exists()
        found = seen(self.path)
        assert found in ((self.after,) if status == 0 else (self.before, self.after))
        self.ends["before" if found == self.before else "after"] += 1
        insert(self.path, "alone1")
        assert set(consistent(seen(self.path))) == {*consistent(found), "alone1"}
        assert not self.journal.exists()


@pytest.mark.slow
@WORKS
def test_killed_at_any_moment(work: Callable[[Path], None], loaded: list[str], tmp_path: Path) -> None:
    trial, rng = Trial(work, loaded, tmp_path), random.Random(1)  # noqa: S311 -- no secrets here
    for _ in range(KILLS):
        moment = rng.uniform(0, 1.2) * trial.seconds
        trial.judge(lambda moment=moment: killed(partial(work, trial.path), moment))  # type: ignore[misc]
    assert min(trial.ends["before"], trial.ends["after"]) > 0


@pytest.mark.slow
@WORKS
def test_killed_while_it_writes(work: Callable[[Path], None], loaded: list[str], tmp_path: Path) -> None:
    """The system kills a process that writes beyond a limit: within a page of the journal or file."""
    trial = Trial(work, loaded, tmp_path)
    largest = max(trial.begin.stat().st_size, trial.path.stat().st_size)
    for number in range(WRITES):
        limit = 100 + number * largest // WRITES
        trial.judge(lambda limit=limit: ended(forked(partial(limited, work, trial.path, limit))))  # type: ignore[misc]
    assert trial.ends["in the midst"]


def test_a_first_boot_that_is_killed_leaves_no_kernel(tmp_path: Path) -> None:
    path = tmp_path / "k.state"
    boot(path)
    size = path.stat().st_size
    for limit in range(100, size, size // 8):
        path.unlink()
        assert ended(forked(partial(limited, boot, path, limit))) == -signal.SIGXFSZ
        with pytest.raises(BadState, match="there is no emulated kernel"):
            EmulatedKernel.open(str(path))
        boot(path)
        assert consistent(seen(path)) == []
