"""Known modules by name and by export, and the dependencies between them."""

from __future__ import annotations

import os
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING

from pymodutils.checks import inputs
from pymodutils.checks.candidate import read_all
from pymodutils.elf.facts import listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from pymodutils.checks.candidate import Candidate


class Pool:
    """Modules by name and by export; the first of several takes precedence."""

    def __init__(self, modules: Iterable[Candidate] = ()) -> None:
        self.modules = list(modules)
        self.by_name: dict[str, Candidate] = {}
        self.exporters: dict[bytes, list[Candidate]] = {}
        for module in self.modules:
            self.by_name.setdefault(module.name, module)
            for symbol in module.exports:
                self.exporters.setdefault(symbol, []).append(module)

    @cached_property
    def claimants(self) -> dict[bytes, list[str]]:
        """The names of the modules that have an alias, by aliases."""
        found: dict[bytes, list[str]] = {}
        for module in self.modules:
            for alias in listed(module.facts.aliases):
                found.setdefault(alias, []).append(module.name)
        return found

    def titles(self) -> dict[str, str]:
        """The title of each module by path: its name, or its path as given if others have that name."""
        names = Counter(module.name for module in self.modules)
        return {it.path: it.name if names[it.name] == 1 else it.shown for it in self.modules}

    def exporter(self, symbol: bytes, release: str | None) -> Candidate | None:
        """The module that exports ``symbol``, preferably one built for ``release``."""
        found = self.exporters.get(symbol, ())
        fitting = (module for module in found if module.built_for == release)
        return next(fitting, found[0] if found else None)


class Providers:
    """Exporters available to a module: the kernel's ``exports``, then the modules of ``pools`` in order."""

    def __init__(self, exports: Collection[bytes], release: str | None, pools: Sequence[Pool]) -> None:
        self.exports, self.release, self.pools = exports, release, pools
        self._needed: dict[str, list[Candidate]] = {}

    def exporter(self, symbol: bytes) -> Candidate | None:
        """The module that would be loaded for ``symbol``."""
        found = (pool.exporter(symbol, self.release) for pool in self.pools)
        return next(filter(None, found), None)

    def named(self, name: str) -> Candidate | None:
        """The first module named ``name``."""
        found = (pool.by_name.get(name) for pool in self.pools)
        return next(filter(None, found), None)

    def needed(self, module: Candidate) -> list[Candidate]:
        """The dependencies of ``module``, in load order."""
        order: dict[str, Candidate] = {}
        self._walk(module, {module.name}, order)
        return list(order.values())

    def _walk(self, module: Candidate, above: set[str], order: dict[str, Candidate]) -> None:
        for used in self._direct(module):
            if used.name not in above and used.name not in order:
                self._walk(used, above | {used.name}, order)
                order[used.name] = used

    def _direct(self, module: Candidate) -> list[Candidate]:
        if module.path not in self._needed:
            missing = (symbol for symbol in module.needs if symbol not in self.exports)
            found = {it.name: it for it in map(self.exporter, missing) if it}
            found.pop(module.name, None)
            self._needed[module.path] = list(found.values())
        return self._needed[module.path]


def pool_of(words: Sequence[str], folder: str) -> Pool:
    """The modules of ``words``; those of packages are unpacked below ``folder``."""
    return read_pool([file for word in words for file in inputs.files(word, folder)])


def read_pool(files: Sequence[inputs.InputFile]) -> Pool:
    """The modules in ``files``, each once: links and ways to the same file do not count."""
    once: dict[str, inputs.InputFile] = {}
    for file in files:
        once.setdefault(os.path.realpath(file.path), file)
    return Pool(read_all([(path, shown) for path, shown in once.values()]))
