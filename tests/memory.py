"""Peak memory of a process without its children.

ru_maxrss is unsuitable: a child inherits its parent's and keeps it across exec.
"""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TypeVar

PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
Answer = TypeVar("Answer")


def peak() -> float:
    """The peak memory of this process since exec in MiB."""
    found = PEAK.search(Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) / 1024


def apart(work: Callable[..., Answer], *words: object) -> Answer:
    """The result of ``work`` in a new process, whose peak memory is that of the work alone."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(work, *words).result()
