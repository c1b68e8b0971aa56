"""Load whole trees of Debian's modules into emulated kernels of their architectures.

``python -m tests.kernel.emulated.architectures arm64 s390x`` loads every module of these kernels, prints the
results and records them for docs/architectures.md.
"""

from __future__ import annotations

import hashlib
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from pymodutils.arch.field import ByteOrder
from pymodutils.elf import compress
from pymodutils.elf.decode import modinfo
from pymodutils.elf.scan import Elf
from pymodutils.errors import ModutilsError
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.kernel.sources.source import describe
from pymodutils.names import normalize, of_path
from tests.arch import proofs
from tests.oracles.kernels import FLAVOURS, Kernel, kernel

INIT, EXIT, WIDE = b"init_module", b"cleanup_module", 64
AT_ONCE = {"loong64": 500}  # modules that have room together: 256 MB, in seven areas of pages of 16 kB each


class Outcome(NamedTuple):
    """The results of a kernel for a tree."""

    wanted: int  # modules that were to be loaded
    loaded: set[str]
    left: set[str]  # what is still in the kernel when all could go
    refused: Mapping[str, tuple[str, ...]]  # the words of the log, by module
    seconds: float


class Tree:
    """The modules of one kernel and their dependencies: modpost's ``depends``."""

    def __init__(self, modules: Iterable[Path]) -> None:
        self.files = {of_path(str(path)): path for path in modules}
        self.needs = {name: _depends(path) for name, path in sorted(self.files.items())}

    def order(self, wanted: Iterable[str]) -> list[str]:
        """``wanted`` and their dependencies, in load order."""
        found: dict[str, None] = {}

        def add(name: str) -> None:
            if name not in found:
                for needed in self.needs[name]:
                    add(needed)
                found[name] = None

        for name in wanted:
            add(name)
        return list(found)

    def permanent(self, names: Iterable[str]) -> set[str]:
        """Those of ``names`` with an init() and no exit(), and their dependencies: none can be removed."""
        files = {name: self.files[name] for name in names}
        found = [name for name, path in files.items() if _has_no_exit(compress.read(str(path)))]
        return set(self.order(found))

    def part(self, of: int) -> list[str]:
        """Every ``of``-th module, selected independently of their order."""
        return [name for name in self.needs if not hashlib.sha256(name.encode()).digest()[0] % of]


def _depends(path: Path) -> list[str]:
    section = Elf(compress.read(str(path)), str(path)).section(".modinfo") or b""
    said = dict(modinfo(section)).get("depends", "")
    return [normalize(name) for name in said.split(",") if name]


def _has_no_exit(data: bytes) -> bool:
    """Whether the module has an init() and no exit()."""
    elf = Elf(data)
    raw, text = elf.section(".symtab") or b"", elf.section(".strtab") or b""
    order: ByteOrder = "big" if elf.order == "big" else "little"
    steps = range(0, len(raw), 24 if elf.bits == WIDE else 16)
    starts = {int.from_bytes(raw[at : at + 4], order) for at in steps}
    return not starts.isdisjoint(_places(text, INIT)) and starts.isdisjoint(_places(text, EXIT))


def _places(text: bytes, name: bytes) -> Iterator[int]:
    """The offset of the string ``name``, possibly the end of a longer one."""
    return (found.start() for found in re.finditer(re.escape(name) + b"\0", text))


def boot(found: Kernel) -> EmulatedKernel:
    """An emulated kernel from the image, its configuration and the headers."""
    sources = (found.image, found.headers / ".config", found.headers / "Module.symvers")
    return EmulatedKernel.boot(describe([str(path) for path in sources]))


def load(found: Kernel, tree: Tree, names: Sequence[str]) -> Outcome:
    """Load the modules ``names`` of ``tree`` with their dependencies, and remove all, newest first.

    In several parts if they do not all fit into the module range.
    """
    started, refused = time.monotonic(), dict[str, tuple[str, ...]]()
    loaded, left, running = set[str](), set[str](), boot(found)
    step = AT_ONCE.get(found.architecture, len(names))
    for at in range(0, len(names), step):
        with running.trial():
            refused |= _inserted(running, tree, tree.order(names[at : at + step]))
            now = [one.name for one in running.loaded()]
            loaded |= set(now)
            left |= _staying(running, now)
    wanted = len(tree.order(names))
    return Outcome(wanted, loaded, left, refused, time.monotonic() - started)


def _inserted(running: EmulatedKernel, tree: Tree, order: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Load modules in ``order``; return the log lines about refused ones."""
    refused = {}
    for name in order:
        before = running.log()[-1].number
        try:
            running.init_module(compress.read(str(tree.files[name])))
        except ModutilsError as error:
            refused[name] = tuple(line.text for line in running.log(before)) or (str(error),)
    return refused


def _staying(running: EmulatedKernel, names: Iterable[str]) -> set[str]:
    """Remove the modules ``names`` in this order; return those that cannot be removed."""
    for name in names:
        with suppress(ModutilsError):
            running.delete(name)
    return {one.name for one in running.loaded()}


def main(names: Iterable[str]) -> None:
    """Record the outcome for each architecture, and print it."""
    for name in names:
        found = kernel(name)
        tree = Tree(found.modules.rglob("*.ko*"))
        outcome = load(found, tree, list(tree.needs))
        proof = {
            "release": found.release,
            "modules": outcome.wanted,
            "loaded": len(outcome.loaded),
            "unloaded": len(outcome.loaded - outcome.left),
        }
        proofs.keep("trees", name, proof)
        sys.stdout.write(f"{name} {proof}, {outcome.seconds:.0f} s; left: {' '.join(sorted(outcome.left))}\n")
        said = Counter(chain.from_iterable(outcome.refused.values()))
        for words, count in said.most_common(20):
            sys.stdout.write(f"    {count} {words}\n")


if __name__ == "__main__":
    main(sys.argv[1:] or FLAVOURS)
