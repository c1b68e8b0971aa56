"""Processes that use one state file and are killed, and checks of the file."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from resource import RLIMIT_CORE, RLIMIT_FSIZE, setrlimit
from typing import NamedTuple, NoReturn

from pymodutils.errors import ModutilsError
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from tests.kernel.emulated.modules import EXPORTS, WRITE, description, module
from tests.link.objects import Part

PAGE = 4096
BROKEN = 255
LOW, HIGH = 0xFFFF_FFFF_C000_0000, 0xFFFF_FFFF_FF00_0000  # arch/x86: where modules may be
NEEDS: Mapping[str, tuple[str, ...]] = {  # a diamond, and some that stand alone
    "base": (),
    "left": ("base",),
    "right": ("base",),
    "top": ("left", "right"),
    **{f"alone{number}": () for number in range(8)},
}


def call(name: str) -> str:
    """The symbol exported by the module ``name``."""
    return f"{name}_call"


def image(name: str) -> bytes:
    """A module of NEEDS; sizes differ, up to some megabytes."""
    needs = list(map(call, NEEDS[name]))
    large = Part(
        ".data.large", b"\1" * (5000 + len(name) * 3000 + (name == "alone7") * (2 << 20)), WRITE, align=8
    )
    crcs = dict.fromkeys(needs, 0x100)
    return module(name, imports=["_printk", *needs], exports=[call(name)], versions=crcs, parts=[large])


IMAGES = {name: image(name) for name in NEEDS}


def boot(path: Path) -> None:
    """A new kernel in the file ``path``, with the real clock."""
    EmulatedKernel.boot(description(), str(path)).store.close()


def insert(path: Path, name: str) -> None:
    """Load the module called ``name``."""
    kernel = EmulatedKernel.open(str(path))
    kernel.init_module(IMAGES[name])
    kernel.store.close()


def remove(path: Path, name: str) -> None:
    """Remove the module called ``name``."""
    kernel = EmulatedKernel.open(str(path))
    kernel.delete_module(name.encode())
    kernel.store.close()


def forked(work: Callable[[], None]) -> int:
    """The pid of a process that does ``work`` and exits with the errno of a refusal, or BROKEN."""
    pid = os.fork()
    return pid or _leave(work)


def _leave(work: Callable[[], None]) -> NoReturn:
    status = BROKEN
    try:
        work()
        status = 0
    except ModutilsError as error:
        status = error.errno
    finally:
        os._exit(status)


def ended(pid: int, seconds: float = 120) -> int:
    """The exit code of the process ``pid``, as by waitstatus_to_exitcode; fails if it hangs."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise AssertionError(f"process {pid} did not end in {seconds} seconds")


def killed(work: Callable[[], None], seconds: float) -> int:
    """The same for a process that does ``work`` and is killed after ``seconds`` if still running."""
    pid = forked(work)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    return ended(pid)


def limited(work: Callable[[Path], None], path: Path, limit: int) -> None:
    """Do ``work``, and be killed by the first write beyond ``limit`` bytes of any file."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    setrlimit(RLIMIT_CORE, (0, 0))
    setrlimit(RLIMIT_FSIZE, (limit, limit))
    work(path)


class Seen(NamedTuple):
    """The observable state of a kernel, without times."""

    files: dict[str, bytes]  # of /proc and /sys; folders and links are empty
    gaps: list[tuple[int, int]]
    exports: list[tuple[str, str]]  # and whose, empty for the kernel
    log: list[str]
    uevents: list[str]


def seen(path: Path) -> Seen:
    """The state of the kernel at ``path``; SQLite's integrity check passes."""
    kernel = EmulatedKernel.open(str(path))
    files = {found.path: found.content for found in kernel.exported()}
    log = [line.text for line in kernel.log()]
    events = [" ".join(line.text.split()[:1]) for line in kernel.uevents()]
    kernel.store.close()
    with closing(sqlite3.connect(path, timeout=60)) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        gaps = sorted((base % (1 << 64), size) for base, size in file.execute("SELECT base, size FROM gap"))
        query = "SELECT export.name, ifnull(module.name, '') FROM export LEFT JOIN module ON owner = id"
        exports = sorted(file.execute(query).fetchall())
    return Seen(files, gaps, exports, log, events)


def consistent(found: Seen) -> list[str]:
    """The names of the modules, oldest first; all parts of the kernel agree on them."""
    lines = [line.split() for line in found.files["/proc/modules"].decode().splitlines()]
    names = [words[0] for words in reversed(lines)]
    for name, _, count, users, *_ in lines:
        using = {other for other in names if name in NEEDS[other]}
        assert (int(count), set(filter(None, users.strip("-").split(",")))) == (len(using), using)
        assert set(NEEDS[name]) <= set(names[: names.index(name)])
    assert {path.split("/")[3] for path in found.files if path.startswith("/sys/module/")} == {
        *names,
        "module",
    }
    symbols = [line.split() for line in found.files["/proc/kallsyms"].decode().splitlines()]
    assert {words[3].strip("[]") for words in symbols if len(words) > 3} == set(names)
    ours = [(call(name), name) for name in names]
    assert found.exports == sorted([*ours, *((name, "") for name in EXPORTS)])
    _tiled(found.gaps, [(int(words[5], 16), int(words[1])) for words in lines])
    return names


def _tiled(gaps: list[tuple[int, int]], taken: list[tuple[int, int]]) -> None:
    """Gaps and modules, each followed by a guard page, fill the memory; no two gaps are adjacent."""
    areas = [(base, -(-size // PAGE) * PAGE + PAGE) for base, size in taken]
    at = LOW
    for base, size in sorted(gaps + areas):
        assert base == at
        at += size
    assert at == HIGH
    assert not {base + size for base, size in gaps} & {base for base, _ in gaps}
