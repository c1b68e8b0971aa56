"""Find the modules for an operand of modinfo, a file or a name."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from pymodutils import names
from pymodutils.depends.builtin import MODINFO
from pymodutils.depends.module_info import BuiltinModule, ModuleFile
from pymodutils.errors import ModutilsError, NotFound

if TYPE_CHECKING:
    from pymodutils.depends.module_info import ModuleInfo
    from pymodutils.depends.resolve import Resolver
    from pymodutils.root import Root


class Finder:
    """Finds modules in files and in the module directory ``folder`` of ``root``; opens indexes on demand."""

    __slots__ = ("_folder", "_resolver", "_root")

    def __init__(self, folder: str, root: Root) -> None:
        self._folder = absolute(folder)
        self._root = root
        self._resolver: Resolver | None = None

    def find(self, word: str) -> list[ModuleInfo]:
        """The module in the file ``word``, or else those with the name or alias ``word``.

        Raises NotFound.
        """
        if names.is_module_file(word) and _is_file(word):
            return [ModuleFile(absolute(word))]
        try:
            names.normalize_alias(word)
        except ModutilsError:
            raise NotFound(word, f"Module alias {word} not found.") from None
        found = [self._named(module.name) for module in self._names().lookup(word)]
        if not found:
            raise NotFound(word, f"Module {word} not found.")
        return found

    def find_name(self, word: str) -> list[ModuleInfo]:
        """The module named ``word``, or the built-in ones with that alias; raises NotFound."""
        directory = self._names().directory
        name = names.normalize(word.partition(".")[0])
        if directory.entry(name) or directory.is_builtin(name):
            return [self._named(name)]
        aliased = directory.search("modules.builtin.alias", name)
        if not aliased:
            raise NotFound(word, f"Module name {word} not found.")
        return [self._builtin(module) for module in aliased]

    def _named(self, name: str) -> ModuleInfo:
        entry = self._names().directory.entry(name)
        return ModuleFile(self._names().directory.located(entry.path), name) if entry else self._builtin(name)

    def _builtin(self, name: str) -> ModuleInfo:
        return BuiltinModule(name, self._root.follow(f"{self._folder}/{MODINFO}"))

    def _names(self) -> Resolver:
        if self._resolver is None:  # not needed for modinfo of a file
            from pymodutils.depends.config import Config  # noqa: PLC0415
            from pymodutils.depends.directory import ModuleDirectory  # noqa: PLC0415
            from pymodutils.depends.resolve import Resolver  # noqa: PLC0415

            self._resolver = Resolver(Config(), ModuleDirectory(self._folder, root=self._root))
        return self._resolver


def absolute(path: str) -> str:
    """``path`` made absolute but otherwise unchanged, as shown by modinfo."""
    return path if path.startswith("/") else f"{os.getcwd()}/{path}"


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False
