"""In a guest: modules loaded with their dependencies, and the log."""

from __future__ import annotations

import os

from pymodutils.elf import compress
from pymodutils.errors import ModutilsError
from pymodutils.names import of_path
from tests.lanes.guest.insert import insert, without_init
from tests.lanes.guest.machine import Journal, unload_all


def verdicts(pairs: list[tuple[str, list[str]]]) -> list[tuple[int, list[str]]]:
    """For each (module, dependencies): the errno of loading it, and its log lines.

    Without init() and exit(), whose results depend on the hardware.
    """
    journal = Journal()
    found = []
    for path, needed in pairs:
        for each in needed:
            _load(each)
        journal.kernel()
        code = _load(path)
        found.append((code, journal.kernel()))
        unload_all()
    return found


def _load(path: str) -> int:
    data = compress.read(path)
    try:
        data = without_init(data, (b"init_module", b"cleanup_module"))
    except (ModutilsError, ValueError):
        pass  # of another machine: it is to be refused as it is
    try:
        insert(data, of_path(path))
    except OSError as error:
        return error.errno or os.EX_OSERR
    return 0
