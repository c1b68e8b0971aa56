"""In a guest: modules that differ in .BTF, each loaded and removed."""

from __future__ import annotations

import os
from pathlib import Path

from tests.lanes.guest.machine import libc
from tests.lanes.guest.parameters import DELETE_MODULE, Log, insert


def main(folder: str, name: str) -> dict[str, tuple[int, list[str]]]:
    """The errno and the log of the load of each file in ``folder``, all modules called ``name``."""
    log, found = Log(), {}
    for path in sorted(Path(folder).iterdir()):
        errno = insert(path.read_bytes(), "")
        found[path.name] = errno, [text for _, text in log.records()]
        libc.syscall(DELETE_MODULE, name.encode(), os.O_NONBLOCK)
    return found
