"""The cache of booted kernels: one folder each, least recently used ones removed beyond a limit."""

from __future__ import annotations

import os
import shutil
import time
from typing import Final, NamedTuple

LIMIT: Final = 4 << 30  # bytes on disk, unless $PYMODUTILS_CACHE_LIMIT is set (MiB)
VARIABLE: Final = "PYMODUTILS_CACHE_LIMIT"
PARTIAL: Final = ".partial"  # suffix of a base being written
STALE: Final = 3600  # seconds after which its writer is assumed dead


class Base(NamedTuple):
    """A booted kernel: ``size`` in bytes on disk, ``used`` in seconds since the epoch, a description."""

    name: str
    about: str
    size: int
    used: float


def folder() -> str:
    """The folder of all bases."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(home, "pymodutils", "machine")


def path(name: str) -> str:
    """The folder of the base ``name``."""
    return os.path.join(folder(), name)


def used(name: str) -> None:
    """Record the use of ``name``."""
    try:
        os.utime(path(name))
    except OSError:
        pass  # a read-only cache can still be used


def bases() -> list[Base]:
    """All bases, most recently used first."""
    try:
        names = os.listdir(folder())
    except OSError:
        return []
    found = [_base(name) for name in names if not name.endswith(PARTIAL)]
    return sorted(filter(None, found), key=lambda it: it.used, reverse=True)


def _base(name: str) -> Base | None:
    try:
        size = sum(entry.stat().st_blocks * 512 for entry in os.scandir(path(name)))
        when = os.stat(path(name)).st_mtime
    except OSError:
        return None  # removed by another process
    try:
        with open(os.path.join(path(name), "about"), encoding="utf-8", errors="surrogateescape") as file:
            about = file.read().strip()
    except OSError:
        about = ""
    return Base(name, about, size, when)


def remove(name: str) -> None:
    """Remove the base ``name``; processes that have it open keep it."""
    shutil.rmtree(path(name), ignore_errors=True)


def limit() -> int:
    """The limit for all bases in bytes."""
    text = os.environ.get(VARIABLE, "")
    return int(text) << 20 if text.isdecimal() else LIMIT


def prune(most: int, keep: str = "") -> list[Base]:
    """Remove the least recently used bases until the rest fit in ``most`` bytes; never ``keep``."""
    total, removed = 0, []
    for base in bases():
        total += base.size
        if total > most and base.name != keep:
            remove(base.name)
            total -= base.size
            removed.append(base)
    _sweep()
    return removed


def _sweep() -> None:
    """Remove leftovers of killed processes."""
    try:
        entries = [entry for entry in os.scandir(folder()) if entry.name.endswith(PARTIAL)]
        old = [it.path for it in entries if it.stat().st_mtime < time.time() - STALE]
    except OSError:
        return
    for found in old:
        shutil.rmtree(found, ignore_errors=True)
