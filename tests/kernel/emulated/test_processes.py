"""Many processes on one kernel: no lost updates, no needless waits; full and damaged files."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from errno import EAGAIN, EEXIST, ENOENT, ENOSPC, ESTALE
from functools import partial
from pathlib import Path

import pytest

from pymodutils.errors import BadState, Refused
from pymodutils.kernel import saved
from pymodutils.kernel.base import State
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from tests.kernel.emulated.modules import description
from tests.kernel.emulated.processes import (
    IMAGES,
    NEEDS,
    boot,
    consistent,
    ended,
    forked,
    insert,
    killed,
    remove,
    seen,
)

PROCESSES, OPERATIONS = 8, 60


def busy(path: Path, number: int) -> None:
    """Load and remove at random; record the results in a file next to ``path``."""
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
    """The modules after ``uevents``, oldest first; each event must be possible at its time."""
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


def hold(path: Path, seconds: float) -> None:
    kernel = EmulatedKernel.open(str(path))
    with kernel.store.transaction():
        kernel.store.execute("DELETE FROM once")
        time.sleep(seconds)


def has_open(pid: int, path: Path) -> bool:
    """Whether the process ``pid`` has ``path`` open."""
    return any(_is(link, path) for link in Path(f"/proc/{pid}/fd").iterdir())


def _is(link: Path, path: Path) -> bool:
    try:
        return os.path.samefile(link, path)
    except OSError:  # closed since it was listed
        return False


@pytest.mark.parametrize("words", ["lsmod --backend emulated:{}", "kernel boot {} --from {}.json"])
def test_a_wait_can_be_interrupted(words: str, tmp_path: Path) -> None:
    path = tmp_path / "k.state"
    boot(path)
    Path(f"{path}.json").write_text(saved.dumps(description()))
    holder = forked(partial(hold, path, 60))
    time.sleep(0.2)
    command = [sys.executable, "-m", "pymodutils", *words.replace("{}", str(path)).split()]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as waiting:
        while waiting.poll() is None and not has_open(waiting.pid, path):
            time.sleep(0.01)
        time.sleep(0.3)
        assert waiting.poll() is None
        waiting.send_signal(signal.SIGINT)
        assert waiting.wait(10) == -signal.SIGINT
    os.kill(holder, signal.SIGKILL)
    assert ended(holder) == -signal.SIGKILL
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
