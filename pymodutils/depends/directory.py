"""One module directory, ``/lib/modules/RELEASE``: what its indexes answer, each opened when asked first."""

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
    """A line of modules.dep: a module and what it needs, paths as they are written."""

    line: str

    @property
    def path(self) -> str:
        """The module itself."""
        return self.line.partition(":")[0]

    @property
    def needs(self) -> list[str]:
        """What it needs; to be loaded from right to left."""
        return self.line.partition(":")[2].split()


class ModuleDirectory:
    """The indexes below ``path``; one that is missing has no entries.

    So has a damaged one, as for kmod; ``report`` hears of it, once. Links and absolute paths in it are
    those of ``root``.
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
        """The file that holds ``index``, one of the names above."""
        return self.root.follow(f"{self.path}/{index}.bin")

    def entry(self, name: str) -> DepLine | None:
        """The line of modules.dep for the module ``name``."""
        if name not in self._entries:
            line = self.get(DEP, name)
            self._entries[name] = None if line is None else DepLine(line)
        return self._entries[name]

    def get(self, index: str, key: str) -> str | None:
        """The first value of exactly ``key``."""
        return self._asked(index, lambda found: found.get(key), None)

    def search(self, index: str, key: str) -> list[str]:
        """The values of all patterns that ``key`` matches, in the order of their priorities."""
        return self._asked(index, lambda found: found.search(key), [])

    def items(self, index: str) -> list[tuple[str, str]]:
        """Every (key, value), in the order of the file."""
        return self._asked(index, Index.items, [])

    def lines(self, index: str, start: str, between: str) -> list[str]:
        """``start``, key, ``between`` and value of each of ``items``."""
        return self._asked(index, lambda found: found.lines(start, between), [])

    def patterns(self, index: str, key: str) -> list[tuple[str, str]]:
        """(pattern, value) of each entry that ``key`` matches; looks at every entry."""
        return [(pattern, value) for pattern, value in self.items(index) if matches(pattern, key)]

    def is_builtin(self, name: str) -> bool:
        """Whether the module ``name`` is part of the kernel's image."""
        return self.get(BUILTIN, name) is not None

    def _asked(self, index: str, question: Callable[[Index], Answer], nothing: Answer) -> Answer:
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
        """``index``; depmod leaves those of built-in modules empty where the kernel's build lists none."""
        path = self.file(index)
        if index in BUILTINS and os.path.isfile(path) and not os.path.getsize(path):
            return None
        return Index.open(path)

    def located(self, path: str) -> str:
        """Where the ``path`` of an entry is: an absolute path."""
        return self.root.path(path) if path.startswith("/") else self.root.follow(f"{self.path}/{path}")
