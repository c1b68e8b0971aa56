"""Run a command line as a process and judge how it ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

REPOSITORY: Final = Path(__file__).parent.parent.parent
SECONDS: Final = 20
MEBIBYTES: Final = 1024
STATUSES: Final = {"check": (0, 1, 2), "preflight": (0, 1, 2), "modprobe": (0, 1, 255)}  # 255: of modutils
TRACES: Final = (b"Traceback (most recent", b"Exception ignored", b"Fatal Python error", b"internal error")


class Ending(NamedTuple):
    """The outcome of a process."""

    status: int  # negative: the signal
    seconds: float
    mebibytes: int  # resident at most
    errors: bytes


def run(words: Sequence[str], folder: Path) -> Ending:
    """Run ``pymodutils`` with ``words`` in ``folder``; TMPDIR, HOME and the sysroot lie below it."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(REPOSITORY),
        "PYMODUTILS_SYSROOT": str(folder / "root"),
        **{name: str(folder / "home") for name in ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")},
        "TMPDIR": str(folder / "tmp"),
    }
    start = time.monotonic()
    log = folder / "stderr"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            _unprivileged([sys.executable, "-m", "pymodutils", *words]),
            cwd=folder / "files",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
        alarm = threading.Timer(SECONDS, _kill, [process.pid])
        alarm.start()
        _, status, usage = os.wait4(process.pid, 0)
        alarm.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - start
    return Ending(process.returncode, seconds, usage.ru_maxrss // 1024, log.read_bytes())


def _unprivileged(command: list[str]) -> list[str]:
    """``command`` without CAP_SYS_MODULE."""
    if os.geteuid() or not shutil.which("setpriv"):
        return command
    return ["setpriv", "--bounding-set=-sys_module", "--inh-caps=-sys_module", *command]


def _kill(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        pass


def faults(tool: str, ending: Ending, folder: Path) -> Iterator[str]:
    """Yield the faults of ``ending``."""
    if ending.seconds >= SECONDS:
        yield f"took {ending.seconds:.0f} s"
    elif ending.status not in STATUSES.get(tool, (0, 1)):
        yield f"exit status {ending.status}"
    if ending.mebibytes > MEBIBYTES:
        yield f"took {ending.mebibytes} MiB"
    if any(trace in ending.errors for trace in TRACES):
        yield "traceback"
    if left := sorted(path.name for path in (folder / "tmp").iterdir()):
        yield f"left in TMPDIR: {left}"
    if left := sorted(
        path.name for path in (folder / "files").iterdir() if path.name.endswith((".tmp", "~"))
    ):
        yield f"left beside outputs: {left}"
