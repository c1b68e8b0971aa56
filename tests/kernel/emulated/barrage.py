"""Load mutants into an emulated kernel, in a process with limited memory and no right to write."""

from __future__ import annotations

import json
import os
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from resource import RLIMIT_AS, RLIMIT_CPU, RLIMIT_FSIZE, setrlimit
from typing import Any

from pymodutils.errors import Refused
from pymodutils.kernel.emulated import vfs
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.kernel.emulated.state.database import StateFile
from pymodutils.kernel.emulated.state.kernel_state import KernelState
from pymodutils.kernel.emulated.sysfs import module_folder
from pymodutils.link.failure import OutOfBounds

MEMORY = 1 << 30  # bytes beyond what the process has
SECONDS = 900  # of CPU time for all
OWN = (  # the rows that are a module's
    *("SELECT * FROM module", "SELECT count(*) FROM area", "SELECT count(*) FROM section"),
    *("SELECT * FROM string", "SELECT * FROM given", "SELECT user, used FROM use"),
    *("SELECT count(*) FROM export WHERE owner != 0", "SELECT * FROM gap ORDER BY base"),
)
LINES = (b"", b"a=1", b"debug=1,2,3 x", b'numdummies="2 max_part=9999999999')


def confined(work: Callable[[], Any]) -> Any:
    """The result of ``work`` in a child with limits; fails with the child's traceback."""
    out, into = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            os.close(out)
            _limit()
            answer = work()
            status = 0
        except BaseException:  # noqa: BLE001 -- any error is reported to the parent
            answer = traceback.format_exc()
        with os.fdopen(into, "w") as pipe:
            json.dump(answer, pipe)
        os._exit(status)
    os.close(into)
    with os.fdopen(out) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    assert status == 0, text or f"the child ended with status {status:#x}"
    return json.loads(text)


def _limit() -> None:
    with open("/proc/self/statm", encoding="ascii") as file:
        has = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    setrlimit(RLIMIT_AS, (has + MEMORY, has + MEMORY))
    setrlimit(RLIMIT_CPU, (SECONDS, SECONDS))
    setrlimit(RLIMIT_FSIZE, (0, 0))


def fire(booted: EmulatedKernel, mutants: Iterable[bytes]) -> dict[str, Any]:
    """The count of each outcome, and the seconds of the ``slowest`` mutant.

    Each must leave ``booted`` unchanged except for its log; the assertion names the one that did not.
    """
    seen: Counter[str] = Counter()
    slowest = 0.0
    before = _owned(booted.store)
    for number, data in enumerate(mutants):
        start = time.perf_counter()
        outcome = _outcome(booted, number, data)
        slowest = max(slowest, time.perf_counter() - start)
        seen[outcome] += 1
        assert _owned(booted.store) == before, f"mutant {number}, {outcome}"
    return {"seen": seen, "slowest": slowest}


def _owned(store: StateFile) -> list[Any]:
    return [store.execute(query) for query in OWN]


def _outcome(booted: EmulatedKernel, number: int, data: bytes) -> str:
    """The outcome of ``data`` in a word; a loaded module is inspected in all ways and removed."""
    try:
        booted.init_module(data, LINES[number % len(LINES)])
    except OutOfBounds:
        return "OutOfBounds"
    except Refused as refused:
        return str(refused.errno)
    name = booted.loaded()[0].name
    look(booted, name)
    if not number % 16:  # all symbols, the kernel's own among them: not each time
        booted.read("/proc/kallsyms")
    booted.delete(name, force=True)
    return "taken"


def look(booted: EmulatedKernel, name: str) -> None:
    """Read every file of the module ``name``, and write to its parameters."""
    booted.read("/proc/modules")
    booted.look(lambda state: _touch_all(state, name))


def _touch_all(state: KernelState, name: str) -> None:
    top = module_folder._one(state, name)
    assert top
    for path, node in vfs.walk(top):
        if isinstance(node, vfs.File):
            with suppress(Refused):
                _ = node.read and node.read()
            with suppress(Refused):
                _ = path.startswith("/parameters/") and node.write and node.write(b"1")
