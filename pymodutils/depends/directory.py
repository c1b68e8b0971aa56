"""A module directory, ``/lib/modules/RELEASE``, with its indexes, opened on first use."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from pymodutils.depends.trie import Index
from pymodutils.errors import BadIndex, NotFound
from pymodutils.libc import matches
from pymodutils.root import Root

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")

DEP: Final = "modules.dep"
ALIAS: Final = "modules.alias"
SYMBOLS: Final = "modules.symbols"
BUILTIN: Final = "modules.builtin"
BUILTIN_ALIAS: Final = "modules.builtin.alias"
BUILTINS: Final = (BUILTIN, BUILTIN_ALIAS)


class DepLine(NamedTuple):
    """A line of modules.dep: a module and its dependencies, with paths as written."""

    line: str

    @property
    def path(self) -> str:
        """The module itself."""
        return self.line.partition(":")[0]

    @property
    def needs(self) -> list[str]:
        """Its dependencies, to be loaded from right to left."""
        return self.line.partition(":")[2].split()


class ModuleDirectory:
    """The indexes below ``path``; a missing one has no entries.

    A damaged index counts as missing, as in kmod; ``report`` is called once for it. Links and absolute paths
    are resolved within ``root``.
    """

    def __init__(
        self, path: str, report: Callable[[str], None] = lambda _: None, root: Root | None = None
    ) -> None:
        self.path = path
        self.root = root or Root()
        self._report = report
        self._indexes: dict[str, Index | None] = {}
        self._entries: dict[str, DepLine | None] = {}

    def file(self, index: str) -> str:
        """The file of ``index``, one of the names above."""
        return self.root.follow(f"{self.path}/{index}.bin")

    def entry(self, name: str) -> DepLine | None:
        """The line of modules.dep for the module ``name``."""
        if name not in self._entries:
            line = self.get(DEP, name)
            self._entries[name] = None if line is None else DepLine(line)
        return self._entries[name]

    def get(self, index: str, key: str) -> str | None:
        """The first value of exactly ``key``."""
        return self._lookup(index, lambda found: found.get(key), None)

    def search(self, index: str, key: str) -> list[str]:
        """The values of all patterns that match ``key``, by priority."""
        return self._lookup(index, lambda found: found.search(key), [])

    def items(self, index: str) -> list[tuple[str, str]]:
        """Every (key, value), in the order of the file."""
        return self._lookup(index, Index.items, [])

    def lines(self, index: str, start: str, between: str) -> list[str]:
        """``start``, key, ``between`` and value of each of ``items``."""
        return self._lookup(index, lambda found: found.lines(start, between), [])

    def patterns(self, index: str, key: str) -> list[tuple[str, str]]:
        """(pattern, value) of each entry that matches ``key``; scans all entries."""
        return [(pattern, value) for pattern, value in self.items(index) if matches(pattern, key)]

    def is_builtin(self, name: str) -> bool:
        """Whether the module ``name`` is built in."""
        return self.get(BUILTIN, name) is not None

    def _lookup(self, index: str, question: Callable[[Index], Answer], nothing: Answer) -> Answer:
        try:
            if index not in self._indexes:
                self._indexes[index] = self._opened(index)
            found = self._indexes[index]
            return nothing if found is None else question(found)
        except NotFound:
            pass
        except BadIndex as error:
            self._report(f"{error}; 'depmod' regenerates it")
        self._indexes[index] = None
        return nothing

    def _opened(self, index: str) -> Index | None:
        """``index``; those of built-in modules are empty if the kernel build lists none."""
        path = self.file(index)
        if index in BUILTINS and os.path.isfile(path) and not os.path.getsize(path):
            return None
        return Index.open(path)

    def located(self, path: str) -> str:
        """The absolute path for the ``path`` of an entry."""
        return self.root.path(path) if path.startswith("/") else self.root.follow(f"{self.path}/{path}")
