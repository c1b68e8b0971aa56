"""Determine the modules to load for a module, and their order."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.errors import ModutilsError
from pymodutils.linux24.conf.search import key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pymodutils.linux24.conf.config import ModulesConf
    from pymodutils.linux24.modprobe.dependencies import DependencyNode

OFF: Final = "off"
ALIASES, RECURSION = 1000, 128  # maximum recursion in modutils
ORDINARY, ABOVE, BELOW = "ordinary", "above", "below"


class NoSuchModule(Exception):
    """There is no module ``name``."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Off(Exception):
    """The name is an alias for "off"."""


class Wanted:
    """A requested module: its chain of aliases, and its name in the kernel."""

    def __init__(self, names: list[str], why: str) -> None:
        self.names, self.why = names, why
        self.options: list[list[str]] = []  # of the module itself first, of the first alias last
        self.kname = names[-1]
        self.node: DependencyNode | None = None
        self.autoclean = True


class StackEntry(NamedTuple):
    """A module of a stack: its name, its file if known, and the reason."""

    name: str
    path: str
    why: str
    removing: bool


class Stacks:
    """Determines stacks of modules; ``expand`` loads the modules of an alias to a probe list."""

    def __init__(
        self, config: ModulesConf, nodes: Sequence[DependencyNode], expand: Callable[[str], bool | None]
    ) -> None:
        self.config, self.nodes, self.expand = config, nodes, expand
        self.depth = 0

    def stack(self, name: str, path: str = "", *, removing: bool = False) -> list[Wanted]:
        """The modules for ``name``, whose file may be ``path``, in load or removal order.

        Raises NoSuchModule, Off, or ModutilsError.
        """
        found: list[Wanted] = []
        self._add(found, StackEntry(name, path, ORDINARY, removing), None)
        return found

    def alias(self, name: str) -> str:
        """The target of the alias ``name``; "" if it is not an alias."""
        known = self.config.lists["alias"]
        if not name.startswith("/"):
            return next(iter(known.get(key(name), ())), "")
        for pattern, words in known.items():
            if _matches(pattern, name):
                target = next(iter(words), "")
                return "" if target == name else target
        return ""

    def _wanted(self, request: StackEntry) -> Wanted:
        name, path = request.name, request.path
        aliases = request.why != ORDINARY or not self.depth  # files of modules.dep are real modules
        names: list[str] = []
        at = name
        while at and at != OFF and len(names) <= ALIASES:
            names.append(at)
            at = self.alias(at) if aliases else ""
        if at == OFF:
            raise Off
        wanted = Wanted(names, request.why)
        named = ""
        for each in names:
            known = each if each.startswith("/") else key(each)
            options = self.config.lists["options"].get(known)
            wanted.autoclean = wanted.autoclean and known not in self.config.kept
            if options is not None:
                wanted.options.insert(0, options)
                named = named or next((word for flag, word in pairwise(options) if flag == "-o"), "")
        wanted.kname = named or names[-1]
        matching = (node for node in self.nodes if (node.path == path if path else node.key == names[-1]))
        wanted.node = next(matching, None)
        if wanted.node is None and len(names) > 1 and self.expand(names[-1]):
            raise Off
        return wanted

    def _add(self, found: list[Wanted], request: StackEntry, origin: Wanted | None) -> None:
        wanted = self._wanted(request)
        if wanted.node is None:
            raise NoSuchModule(request.name)
        if origin and origin.kname == wanted.kname:
            return
        self.depth += 1
        if self.depth > RECURSION:
            raise ModutilsError(request.name, "Too deep recursion in module dependencies!")
        try:
            self._add_around(found, wanted, wanted.node, request, origin)
        finally:
            self.depth -= 1

    def _add_around(
        self,
        found: list[Wanted],
        wanted: Wanted,
        node: DependencyNode,
        request: StackEntry,
        origin: Wanted | None,
    ) -> None:
        """Add the modules above ``wanted``, then it, then those below it and its dependencies."""
        for other in self._extra(ABOVE, wanted):
            if other not in (each.kname for each in found):
                self._add(found, request._replace(name=other, path="", why=ABOVE), origin or wanted)
        old = next((each for each in found if each.kname == wanted.kname), None)
        if old is not None:
            if old is origin:
                return
            found.remove(old)
        found.insert(len(found) if request.removing else 0, wanted)
        for other in self._extra(BELOW, wanted):
            self._add(found, request._replace(name=other, path="", why=BELOW), origin)
        for file in node.needs:
            self._add(found, request._replace(name=key(file), path=file, why=ORDINARY), origin)

    def _extra(self, word: str, wanted: Wanted) -> list[str]:
        known = self.config.lists[word]
        return [other for name in wanted.names for other in known.get(key(name), ())]


def _matches(pattern: str, name: str) -> bool:
    """Whether the alias ``pattern`` matches ``name``: "?" is any character, "*" the rest."""
    for at, char in enumerate(pattern):
        if char == "*":
            return True
        if at >= len(name) or char not in (name[at], "?"):
            return False
    return len(pattern) == len(name)
