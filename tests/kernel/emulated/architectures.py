"""Whole trees of Debian's modules in emulated kernels of their architectures.

``python -m tests.kernel.emulated.architectures arm64 s390x`` loads every module of those, and says what came.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from pymodutils.elf import compress
from pymodutils.elf.decode import modinfo
from pymodutils.elf.scan import Elf
from pymodutils.errors import ModutilsError
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.kernel.sources.source import describe
from pymodutils.names import normalize, of_path
from tests.oracles.kernels import FLAVOURS, Kernel, kernel


class Outcome(NamedTuple):
    """What a kernel made of a tree."""

    wanted: int  # modules that were to be loaded
    loaded: int
    unloaded: int
    left: tuple[str, ...]  # what is still in the kernel when all could go
    refused: Mapping[str, tuple[str, ...]]  # the words of the log, by module
    seconds: float


class Tree:
    """The modules of one kernel, and which of them need which: modpost's ``depends``."""

    def __init__(self, modules: Iterable[Path]) -> None:
        self.files = {of_path(str(path)): path for path in modules}
        self.needs = {name: _depends(path) for name, path in sorted(self.files.items())}

    def order(self, wanted: Iterable[str]) -> list[str]:
        """``wanted`` and all that they need, what is needed first."""
        found: dict[str, None] = {}

        def add(name: str) -> None:
            if name not in found:
                for needed in self.needs[name]:
                    add(needed)
                found[name] = None

        for name in wanted:
            add(name)
        return list(found)

    def half(self) -> list[str]:
        """A fixed half of the modules, whatever their order."""
        return [name for name in self.needs if hashlib.sha256(name.encode()).digest()[0] % 2]


def _depends(path: Path) -> list[str]:
    section = Elf(compress.read(str(path)), str(path)).section(".modinfo") or b""
    said = dict(modinfo(section)).get("depends", "")
    return [normalize(name) for name in said.split(",") if name]


def boot(found: Kernel) -> EmulatedKernel:
    """An emulated kernel as the image, its configuration and the headers say."""
    sources = (found.image, found.headers / ".config", found.headers / "Module.symvers")
    return EmulatedKernel.boot(describe([str(path) for path in sources]))


def load(found: Kernel, tree: Tree, names: Iterable[str]) -> Outcome:
    """Load the modules ``names`` of ``tree`` with what they need, and remove all, the latest first."""
    started = time.monotonic()
    running, refused = boot(found), {}
    order = tree.order(names)
    for name in order:
        before = running.log()[-1].number
        try:
            running.init_module(compress.read(str(tree.files[name])))
        except ModutilsError as error:
            refused[name] = tuple(line.text for line in running.log(before)) or (str(error),)
    loaded, unloaded = [one.name for one in running.loaded()], 0
    for name in loaded:
        try:
            running.delete(name)
        except ModutilsError:
            continue
        unloaded += 1
    left = tuple(one.name for one in running.loaded())
    return Outcome(len(order), len(loaded), unloaded, left, refused, time.monotonic() - started)


def main(names: Iterable[str]) -> None:
    """Print the outcome for each architecture."""
    for name in names:
        found = kernel(name)
        tree = Tree(found.modules.rglob("*.ko*"))
        outcome = load(found, tree, tree.needs)
        sys.stdout.write(
            f"{name} {found.release}: {outcome.loaded} of {outcome.wanted} loaded, "
            f"{outcome.unloaded} unloaded, "
            f"{outcome.seconds:.0f} s; left: {' '.join(outcome.left)}\n"
        )
        said = Counter(chain.from_iterable(outcome.refused.values()))
        for words, count in said.most_common(20):
            sys.stdout.write(f"    {count} {words}\n")


if __name__ == "__main__":
    main(sys.argv[1:] or FLAVOURS)
