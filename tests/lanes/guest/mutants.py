"""In a guest: mutants that the emulated kernel refuses."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.lanes.guest.insert import insert
from tests.lanes.guest.whole import lines, loaded


def main(needed: list[str], folder: str) -> list[list[Any]]:
    """The errno (0: loaded) and log lines of each file in ``folder``, with ``needed`` loaded before."""
    for path in needed:
        insert(Path(path).read_bytes(), path)
    before = loaded()[0]
    return [verdict(path, before) for path in sorted(Path(folder).iterdir())]


def verdict(path: Path, before: list[str]) -> list[Any]:
    """The kernel's refusal of ``path``; raises RuntimeError if it loads, as anything may happen then."""
    print(path.name, flush=True)  # noqa: T201 -- for the console, if this is the last one
    log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    os.lseek(log, 0, os.SEEK_END)
    code = 0
    try:
        insert(path.read_bytes(), path.name)
    except OSError as error:
        code = error.errno or 0
    said = lines(log)
    os.close(log)
    if not code and loaded()[0] != before:
        raise RuntimeError(f"{path.name} was taken: {said}")
    return [code, said]
