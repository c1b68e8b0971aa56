"""Load and remove all modules of a kernel in an emulated one, in a process of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pymodutils.elf import compress
from pymodutils.errors import Refused
from pymodutils.kern_levels import WARNING
from pymodutils.kernel.description import Description
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.kernel.sources import source
from pymodutils.names import of_path
from pymodutils.root import Root
from tests import memory
from tests.lanes.guest.insert import without_init
from tests.lanes.verdicts import lanes
from tests.link.modules import in_order, paths
from tests.oracles import kernels

FUNCTIONS = (b"init_module", b"cleanup_module")
ADDRESS = re.compile(r" 0x[0-9a-f]+(?= \(|$)", re.MULTILINE)


def describe(name: str) -> Description:
    """The kernel ``name`` (amd64, cloud, uml), described from its packages."""
    if name != "amd64":
        return lanes.describe(name)
    kernel = kernels.kernel(name)
    return source.describe([str(kernel.image), str(kernel.headers), str(kernel.modules)], Root())


def run(kernel: str, tree: str, *words: str) -> Any:
    """The results for the modules of ``tree`` in ``kernel``, as returned by ``main``.

    ``words`` may be ``without_init``: the modules without init() and exit(), and so without signatures.
    """
    command = [sys.executable, "-m", __name__, kernel, tree, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def main(kernel: str, tree: str, *words: str) -> dict[str, Any]:
    """Refused modules with errno and lines, /proc/modules with all loaded, and those not removed.

    Also the ``names`` of all, and ``peak`` in MiB.
    """
    booted = EmulatedKernel.boot(describe(kernel))
    images = ((of_path(str(path)), compress.read(str(path))) for path in in_order(tree, paths(tree)))
    if words:
        images = ((name, without_init(data, FUNCTIONS)) for name, data in images)
    found: dict[str, Any] = {"refused": {}, "names": []}
    for name, data in images:
        found["names"].append(name)
        if refusal := inserted(booted, data):
            found["refused"][name] = refusal
    found["modules"] = without_addresses(booted.read("/proc/modules").decode())
    found["kept"] = dict(kept(booted))
    found["left"] = [module.name for module in booted.loaded()]
    found["peak"] = memory.peak()
    return found


def inserted(booted: EmulatedKernel, data: bytes) -> list[Any]:
    """The errno of loading ``data``, and warnings and errors in the log; nothing if it was loaded."""
    before = booted.log()[-1].number
    try:
        booted.init_module(data)
    except Refused as refused:
        return [refused.errno, [line.text for line in booted.log(before) if line.level <= WARNING]]
    return []


def kept(booted: EmulatedKernel) -> Iterator[tuple[str, int]]:
    """Remove all modules, newest first; return those that cannot be removed, with the errno."""
    for module in booted.loaded():
        try:
            booted.delete(module.name)
        except Refused as refused:
            yield module.name, refused.errno


def without_addresses(modules: str) -> str:
    """/proc/modules without addresses that depend on when the kernel frees memory."""
    return ADDRESS.sub("", modules)


def permanent(files: Iterable[Path]) -> set[str]:
    """Those of ``files`` that have an init and no exit, by GNU nm."""
    done = subprocess.run(["nm", "-A", "--defined-only", *files], capture_output=True, text=True, check=True)
    found: dict[bytes, set[str]] = {name: set() for name in FUNCTIONS}
    for line in done.stdout.splitlines():
        path, _, symbol = line.partition(":")
        name = symbol.split()[-1].encode()
        if name in found:
            found[name].add(of_path(path))
    return found[b"init_module"] - found[b"cleanup_module"]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:])))
