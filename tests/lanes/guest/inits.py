"""In a guest: results and log of init() of modules."""

from __future__ import annotations

import errno
import json
import os
import select
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from pymodutils.elf import compress
from tests.lanes.verdicts.real import Real

WITHOUT_WAITING = 0o4000  # O_NONBLOCK
NO_RETURN = -1  # in place of an errno
SECONDS = 120  # for a chain, loaded and removed


def main(chains: list[list[str]]) -> Iterator[Any]:
    """Yield None when all is ready, then errno and log of the last file of each of ``chains``.

    It is loaded after the others, and all are then removed.
    """
    kernel = Real()
    yield None
    for chain in chains:
        print(chain[-1], flush=True)  # noqa: T201 -- for the console, if this is the last one
        yield _apart(kernel, chain)


def _apart(kernel: Real, chain: list[str]) -> Any:
    """``chain`` in a process of its own, which an oops kills."""
    out, into = os.pipe()
    child = os.fork()
    if not child:
        _child(kernel, chain, into)
    os.close(into)
    with open(out, "rb", buffering=0) as pipe:
        said = _read(pipe.fileno())
    _reap(child)
    return json.loads(said or json.dumps(_no_return(chain, [])))


def _child(kernel: Real, chain: list[str], into: int) -> NoReturn:
    loaded: list[str] = []
    try:
        found = _load(kernel, chain, loaded)
    except BaseException:  # noqa: BLE001 -- a fault of this program must not end the guest
        found = _no_return(chain, traceback.format_exc().splitlines())
    os.write(into, json.dumps(found).encode())
    os.close(into)
    _remove(kernel, loaded)
    os._exit(0)


def _no_return(chain: list[str], log: list[str]) -> Any:
    return {"at": chain[-1], "errno": NO_RETURN, "log": log}


def _read(pipe: int) -> bytes:
    """The data written to ``pipe`` until it is closed or idle for too long."""
    said = b""
    while select.select([pipe], [], [], SECONDS)[0]:
        data = os.read(pipe, 1 << 16)
        if not data:
            break
        said += data
    return said


def _reap(child: int) -> None:
    """Wait for ``child``, with a timeout."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and not os.waitpid(child, os.WNOHANG)[0]:
        time.sleep(0.01)


def _load(kernel: Real, chain: list[str], loaded: list[str]) -> Any:
    """Errno and log of the last that was loaded; the names of all go into ``loaded``."""
    code = 0
    for path in chain:
        kernel.log()
        try:
            kernel.insert(Path(path).stem, compress.read(path), b"", None)
        except OSError as error:
            code = error.errno or errno.EIO
            if code == errno.EEXIST and path != chain[-1]:  # one that cannot be removed
                code = 0
                continue
            break
        loaded.append(Path(path).name.partition(".")[0].replace("-", "_"))
    return {"at": path, "errno": code, "log": [text for _, text in kernel.log()]}


def _remove(kernel: Real, loaded: list[str]) -> None:
    for name in reversed(loaded):
        try:
            kernel.delete(name.encode(), WITHOUT_WAITING)
        except OSError:
            return  # it has no exit(), or something holds it
