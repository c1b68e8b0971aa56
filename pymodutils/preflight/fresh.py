"""Modules that depmod has not seen yet: a script of DKMS runs after the installation, before depmod."""

from __future__ import annotations

import os
from functools import cached_property
from typing import Final

from pymodutils import names
from pymodutils.depends.directory import ALIAS, DEP, DepLine, ModuleDirectory
from pymodutils.depends.module_info import ModuleFile
from pymodutils.errors import ModutilsError
from pymodutils.libc import matches
from pymodutils.profile.out_of_tree import files

DEPENDS: Final = "depends"


class FreshDirectory(ModuleDirectory):
    """A module directory in which out-of-tree modules newer than its indexes are found, too."""

    def entry(self, name: str) -> DepLine | None:
        """The line of modules.dep, or the one that depmod would write for a new module."""
        if name in self._fresh:
            return DepLine(f"{self._fresh[name]}: {' '.join(self._needs(name))}")
        return super().entry(name)

    def search(self, index: str, key: str) -> list[str]:
        """The values of all patterns that ``key`` matches, those of new modules first."""
        fresh = [name for name in self._fresh if index == ALIAS and self._matches_alias(name, key)]
        return list(dict.fromkeys([*fresh, *super().search(index, key)]))

    @cached_property
    def _fresh(self) -> dict[str, str]:
        """The files of new modules, relative to the directory."""
        try:
            indexed = os.stat(self.file(DEP)).st_mtime_ns
        except OSError:
            return {}
        found: dict[str, str] = {}
        for path in files(self.path):
            if os.stat(path).st_ctime_ns > indexed:
                found.setdefault(names.normalize(names.of_path(path)), os.path.relpath(path, self.path))
        return found

    def _values(self, name: str, key: str) -> list[str]:
        try:
            with ModuleFile(f"{self.path}/{self._fresh[name]}") as module:
                return list(module.values(key))
        except ModutilsError:
            return []

    def _matches_alias(self, name: str, key: str) -> bool:
        return any(matches(pattern, key) for pattern in self._values(name, "alias"))

    def _needs(self, name: str) -> list[str]:
        """What it needs, to be loaded from right to left."""
        ordered: dict[str, None] = {}
        self._order(name, ordered, {name})
        return list(reversed(ordered))

    def _order(self, name: str, ordered: dict[str, None], seen: set[str]) -> None:
        """Add what ``name`` needs to ``ordered``, dependencies first; a cycle ends where it closes."""
        for each in ",".join(self._values(name, DEPENDS)).split(","):
            needed = names.normalize(each)
            if not needed or needed in seen:
                continue
            seen.add(needed)
            if needed in self._fresh:
                self._order(needed, ordered, seen)
                ordered.setdefault(self._fresh[needed])
            elif found := super().entry(needed):
                for path in (*reversed(found.needs), found.path):
                    ordered.setdefault(path)
