"""Many processes on one kernel, and processes killed in the midst: nothing is lost, nothing is half done."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from errno import EAGAIN, EEXIST, ENOENT, ENOSPC, ESTALE
from functools import partial
from pathlib import Path
from resource import RLIMIT_CORE, RLIMIT_FSIZE, setrlimit

import pytest

from pymodutils.errors import BadState, Refused
from pymodutils.kernel.base import State
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from tests.kernel.emulated.processes import (
    IMAGES,
    NEEDS,
    boot,
    consistent,
    ended,
    forked,
    killed,
    seen,
)

PROCESSES, OPERATIONS = 8, 60
KILLS, WRITES = 60, 25


def insert(path: Path, name: str) -> None:
    EmulatedKernel.open(str(path)).init_module(IMAGES[name])


def remove(path: Path, name: str) -> None:
    EmulatedKernel.open(str(path)).delete_module(name.encode())


def busy(path: Path, number: int) -> None:
    """Load and remove at random; what came of it is told in a file beside ``path``."""
    rng, told = random.Random(number), []  # noqa: S311 -- no secrets here
    kernel = EmulatedKernel.open(str(path), command=f"busy{number}")
    for _ in range(OPERATIONS):
        action, name = rng.choice(["add", "add", "remove"]), rng.choice(list(NEEDS))
        try:
            if action == "add":
                kernel.init_module(IMAGES[name])
            else:
                kernel.delete_module(name.encode())
        except Refused as refused:
            told.append((action, name, refused.errno))
        else:
            told.append((action, name, 0))
        if not rng.randrange(5):
            kernel.read("/proc/modules")
    path.with_name(f"told{number}").write_text(json.dumps(told))


def replayed(uevents: list[str]) -> list[str]:
    """The modules that are there after ``uevents``, oldest first, each of which could be when it was."""
    there: list[str] = []
    for event in uevents:
        action, _, name = event.partition("@/module/")
        if action == "add":
            assert name not in there
            assert set(NEEDS[name]) <= set(there)
            there.append(name)
        else:
            there.remove(name)
            assert not any(name in NEEDS[other] for other in there)
    return there


@pytest.mark.slow
def test_eight_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "k.state"
    boot(path)
    pids = [forked(partial(busy, path, number)) for number in range(PROCESSES)]
    assert [ended(pid) for pid in pids] == [0] * PROCESSES
    told = [tuple(one) for file in tmp_path.glob("told*") for one in json.loads(file.read_text())]
    assert len(told) == PROCESSES * OPERATIONS
    found = seen(path)
    assert consistent(found) == replayed(found.uevents)
    done = Counter(f"{action}@/module/{name}" for action, name, code in told if not code)
    assert Counter(found.uevents) == done
    assert {code for action, _, code in told if action == "add"} == {0, EEXIST, ENOENT}
    assert {code for action, _, code in told if action == "remove"} == {0, EAGAIN, ENOENT}
    unknown = Counter(name for action, name, code in told if action == "add" and code == ENOENT)
    said = Counter(line.partition(":")[0] for line in found.log if "Unknown symbol" in line)
    assert set(said) == set(unknown)
    assert said["left"] == unknown["left"]
    assert unknown["top"] <= said["top"] <= 2 * unknown["top"]  # a line for each of the two that it needs


def take_time(work: Callable[[Path], None], begin: Path, path: Path) -> float:
    """Seconds from the start to the end of ``work`` on copies of ``begin``."""
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
    """``work`` on copies of a kernel that has ``loaded``, and what is there before and after."""

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
        """Let ``kill`` happen to the work, and see that the kernel is the one or the other, and goes on."""
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
    """The system kills who writes behind a limit: in the midst of a page of the journal, or of the file."""
    trial = Trial(work, loaded, tmp_path)
    largest = max(trial.begin.stat().st_size, trial.path.stat().st_size)
    for number in range(WRITES):
        limit = 100 + number * largest // WRITES
        trial.judge(lambda limit=limit: ended(forked(partial(limited, work, trial.path, limit))))  # type: ignore[misc]
    assert trial.ends["in the midst"]


def limited(work: Callable[[Path], None], path: Path, limit: int) -> None:
    """Do ``work``, and be killed by the first write behind ``limit`` bytes of any file."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    setrlimit(RLIMIT_CORE, (0, 0))
    setrlimit(RLIMIT_FSIZE, (limit, limit))
    work(path)


def test_another_process_ends_what_a_killed_one_began(tmp_path: Path) -> None:
    path = tmp_path / "k.state"
    boot(path)
    EmulatedKernel.open(str(path)).behave("base", init_seconds=0.6, exit_seconds=0.3)
    assert killed(partial(insert, path, "base"), 0.3) == -signal.SIGKILL
    kernel = EmulatedKernel.open(str(path))
    assert kernel.state("base") is State.COMING
    kernel.init_module(IMAGES["left"])  # waits for what it uses
    assert kernel.state("base") is State.LIVE
    assert consistent(seen(path)) == ["base", "left"]
    kernel.delete_module(b"left")
    assert killed(partial(remove, path, "base"), 0.15) == -signal.SIGKILL
    assert kernel.state("base") is State.GOING
    time.sleep(0.3)
    assert consistent(seen(path)) == []


def test_a_second_load_waits_for_the_first(tmp_path: Path) -> None:
    path = tmp_path / "k.state"
    boot(path)
    EmulatedKernel.open(str(path)).behave("base", init_seconds=0.5)
    pids = [forked(partial(insert, path, "base")) for _ in range(4)]
    assert sorted(ended(pid, 20) for pid in pids) == [0, EEXIST, EEXIST, EEXIST]
    assert consistent(seen(path)) == ["base"]


def test_another_kernel_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "k.state"
    boot(path)
    kernel = EmulatedKernel.open(str(path))
    kernel.init_module(IMAGES["base"])
    boot(path)
    with pytest.raises(BadState, match="another kernel has been booted in it") as stale:
        kernel.init_module(IMAGES["left"])
    assert stale.value.errno == ESTALE
    assert consistent(seen(path)) == []


def test_a_damaged_file_makes_room(tmp_path: Path) -> None:
    path = tmp_path / "k.state"
    for damage in (b"", b"no database at all" * 1000, b"SQLite format 3\0" + bytes(5000)):
        path.write_bytes(damage)
        path.with_name("k.state-journal").write_bytes(damage)
        with pytest.raises(BadState):
            EmulatedKernel.open(str(path)).loaded()
        boot(path)
        assert consistent(seen(path)) == []


def test_disk_full(tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("mounting needs root")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", tmp_path], check=True)
    path = tmp_path / "k.state"
    try:
        boot(path)
        insert(path, "base")
        before = seen(path)
        assert ended(forked(partial(insert, path, "alone7"))) == ENOSPC
        assert seen(path) == before
        insert(path, "left")
        assert consistent(seen(path)) == ["base", "left"]
        filler = tmp_path / "filler"
        free = os.statvfs(tmp_path)
        filler.write_bytes(bytes(free.f_bavail * free.f_frsize))
        for work in (partial(remove, path, "left"), partial(boot, path), partial(boot, tmp_path / "other")):
            assert ended(forked(work)) == ENOSPC
        filler.unlink()
        assert consistent(seen(path)) == ["base", "left"]
    finally:
        subprocess.run(["umount", tmp_path], check=True)
