"""The dependency graph of a module directory, with soft dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymodutils.depends import graph
from pymodutils.depends.directory import ModuleDirectory
from pymodutils.depends.resolve import Module, Resolver
from pymodutils.errors import NotFound
from pymodutils.names import normalize
from pymodutils.regular import opener

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pymodutils.depends.config import Config
    from pymodutils.root import Root


class Overview:
    """The module directory ``path`` of ``root`` with ``config``; raises NotFound if it has no modules.dep.

    ``paths`` are the files of all modules, ``graph`` includes soft dependencies, ``cycles`` are those of hard
    ones.
    """

    def __init__(self, path: str, config: Config, root: Root) -> None:
        dep = _text(root.follow(f"{path}/modules.dep"))
        self.path = path
        self.paths = graph.paths(dep)
        self.graph = graph.build(graph.read(dep))
        self.cycles = graph.cycles(self.graph)
        self._resolver = Resolver(config, ModuleDirectory(path, root=root))
        graph.soften(self.graph, self._soft())

    def names(self, word: str) -> list[str]:
        """The modules that ``word``, a name or an alias, resolves to.

        Raises NotFound if there are none, or if they have no files.
        """
        name = normalize(word)
        if name in self.paths:
            return [name]
        found = [module.name for module in self._resolver.lookup(word)]
        known = [name for name in found if name in self.paths]
        if found and not known:
            raise NotFound(word, f"{found[0]} is built into the kernel: it needs no module")
        if not known:
            raise NotFound(word, f"{word}: no such module or alias in {self.path}")
        return known

    def part(self, words: Iterable[str], *, reverse: bool = False) -> graph.Part:
        """The modules that ``words`` resolve to, with their dependencies or, in ``reverse``, dependents."""
        roots = dict.fromkeys(name for word in words for name in self.names(word))
        return graph.part(self.graph, tuple(roots), reverse=reverse)

    def everything(self) -> graph.Part:
        """The whole graph; its roots are the modules without users."""
        needed = {
            edge.needed for edge in graph.part(self.graph, tuple(self.paths)).edges if edge.kind == "needs"
        }
        return graph.part(self.graph, [name for name in self.paths if name not in needed])

    def _soft(self) -> Iterator[graph.Edge]:
        for name in self.paths:
            soft = self._resolver.soft(Module(name))
            yield from (graph.Edge(name, it.name, "pre") for it in soft.pre if it.name in self.paths)
            yield from (graph.Edge(name, it.name, "post") for it in soft.post if it.name in self.paths)


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", opener=opener) as file:
            return file.read()
    except FileNotFoundError:
        raise NotFound(path, f"{path}: no such file; run depmod") from None
