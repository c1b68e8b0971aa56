"""In a guest: results and log of init() of modules."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

from tests.lanes.verdicts.real import Real

WITHOUT_WAITING = 0o4000  # O_NONBLOCK
STAY = {"pata_legacy"}  # modules whose exit() oopses in QEMU, which kills the process that removes them


def main(chains: list[list[str]]) -> dict[str, Any]:
    """Errno and log of the last file of each of ``chains``, loaded after the others, which then go again."""
    kernel = Real()
    return {chain[-1]: _one(kernel, chain) for chain in chains}


def _one(kernel: Real, chain: list[str]) -> Any:
    loaded: list[str] = []
    code = 0
    for path in chain:
        kernel.log()
        try:
            kernel.insert(Path(path).stem, Path(path).read_bytes(), b"", None)
        except OSError as error:
            code = error.errno or errno.EIO
            if code == errno.EEXIST and path != chain[-1]:  # one that cannot be removed
                code = 0
                continue
            break
        loaded.append(Path(path).stem.replace("-", "_"))
    found = {"at": path, "errno": code, "log": [text for _, text in kernel.log()]}
    for name in reversed(loaded):
        if name in STAY:
            break
        try:
            kernel.delete(name.encode(), WITHOUT_WAITING)
        except OSError:
            break  # it has no exit(), or something holds it
    return found
