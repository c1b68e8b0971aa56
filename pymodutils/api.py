"""The functions of ``import pymodutils``."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from pymodutils.depends import config_files, plan, words
from pymodutils.depends.directory import ModuleDirectory
from pymodutils.depends.resolve import Module, Resolver
from pymodutils.errors import ModutilsError, NotFound
from pymodutils.log import Log
from pymodutils.root import default
from pymodutils.run.runner import Runner
from pymodutils.run.steps import Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pymodutils.checks.verdict import Report
    from pymodutils.depends.graph import Graph
    from pymodutils.depends.module_info import ModuleInfo
    from pymodutils.depends.plan import Load, Remove
    from pymodutils.kernel.base import Kernel, Loaded
    from pymodutils.kernel.description import Description
    from pymodutils.root import Root

    StrPath = str | os.PathLike[str]


def _to_stderr(text: str) -> None:
    sys.stderr.write(f"pymodutils: {text}\n")


def modinfo(word: StrPath, *, release: str | None = None, root: Root | None = None) -> ModuleInfo:
    """The metadata of the module in the file ``word``, or else of the first module with that name or alias.

    Raises NotFound. The module is read on first access, which may raise BadModule.
    """
    return Modules(release, root=root).find(word)[0]


def loaded(*, root: Root | None = None) -> list[Loaded]:
    """The loaded modules, newest first."""
    from pymodutils.kernel import choose  # noqa: PLC0415 -- the other calls do not need it

    return choose.kernel(root or default()).loaded()


def describe(*sources: StrPath, root: Root | None = None) -> Description:
    """The kernel in ``sources``: images, packages, directories, saved descriptions; earlier ones first.

    Raises ModutilsError if a source is missing or cannot be read.
    """
    from pymodutils.kernel.sources import source  # noqa: PLC0415 -- the other calls do not need it

    if not sources:
        raise ModutilsError("describe", "no source of a kernel")
    return source.describe(_paths(sources), root or default())


def check(
    modules: StrPath | Iterable[StrPath],
    kernels: StrPath | Iterable[StrPath] = "running",
    *,
    more: StrPath | Iterable[StrPath] = (),
    params: Mapping[str, str] | None = None,
    firmware: StrPath = "",
    cached: bool = True,
    cmdline: str = "",
    trust: StrPath | Iterable[StrPath] = (),
    run: bool = False,
    root: Root | None = None,
) -> Report:
    """Check whether ``modules`` (files, directories, packages) load into ``kernels``.

    Dependencies are also looked up in ``more``. ``params`` maps module names to parameters, ``firmware`` is a
    directory, ``cmdline`` the kernel command line; ``trust`` are certificates that every kernel trusts.
    With ``run``, init() and exit() of accepted modules run too, on kernels whose image boots in this process.
    Raises ModutilsError if there is nothing to check, or if input is missing or cannot be read.
    """
    from pymodutils.checks.matrix import check as matrix  # noqa: PLC0415
    from pymodutils.checks.request import Request  # noqa: PLC0415 -- the other calls do not need it

    listed, sources = _paths(modules), _paths(kernels)
    if not listed or not sources:
        raise ModutilsError("check", f"no {'kernel' if listed else 'module'} to check")
    request = Request(
        listed, sources, _paths(more), params or {}, os.fspath(firmware), cached, cmdline, _paths(trust), run
    )
    return matrix(request, root or default())


def _paths(given: StrPath | Iterable[StrPath]) -> list[str]:
    """One or several paths, as strings."""
    listed = [given] if isinstance(given, str | os.PathLike) else given
    return [os.fspath(it) for it in listed]


class Modules:
    """The modules of a kernel release, with the indexes and the configuration of modprobe.

    ``config`` (files or directories) replaces the default configuration. ``report`` is called with a message
    for each line or index that cannot be read and is skipped, as in kmod.
    """

    def __init__(
        self,
        release: str | None = None,
        *,
        root: Root | None = None,
        config: StrPath | Iterable[StrPath] = (),
        report: Callable[[str], None] = _to_stderr,
    ) -> None:
        self.root = root or default()
        self.release = self.root.release() if release is None else release
        self.path = self.root.modules(release=self.release)
        self._config, self._report = _paths(config), report
        self.resolver = self._resolver()

    def _resolver(self) -> Resolver:
        read = config_files.load(self.root, self.path, self._config, self._report)
        return Resolver(read, ModuleDirectory(self.path, self._report, self.root))

    def find(self, word: StrPath) -> list[ModuleInfo]:
        """The module in the file ``word``, or else those with that name or alias; raises NotFound."""
        from pymodutils.depends.find import Finder  # noqa: PLC0415 -- plans do not need it

        return Finder(self.path, self.root).find(os.fspath(word))

    def depmod(self, *, compat: int = 34) -> list[str]:
        """Generate modules.dep and map files like this release of kmod; return the paths of damaged modules.

        Messages go to stderr. Raises NotFound if there is no module directory, ModutilsError for cycles or a
        full disk; the old files then stay unchanged.
        """
        from pymodutils.depends.depmod.collect import Collector  # noqa: PLC0415
        from pymodutils.depends.depmod.job import Job  # noqa: PLC0415
        from pymodutils.depends.depmod.run import Run  # noqa: PLC0415 -- expensive, and rarely needed

        log = Log("depmod")
        job = Job(self.root, self.release, self.path, self.path, compat=compat)
        collector = Collector(Run(job, log))
        collection = collector.collect()
        collector.write(collection)
        self.resolver = self._resolver()
        return collection.damaged

    def resolve(self, name: str) -> list[Module]:
        """The modules that ``name``, a module or an alias, resolves to; raises NotFound."""
        found = self.resolver.lookup(name)
        if not found:
            raise NotFound(name, f"Module {name} not found in directory {self.path}")
        return found

    def plan(self, name: str, *parameters: str) -> list[Load]:
        """The plans of ``modprobe name parameters``, one for each module that ``name`` resolves to."""
        options = words.parameters(parameters)
        return [plan.load(self.resolver, it, options, plan.Choices()) for it in self.resolve(name)]

    def removal(self, name: str) -> list[Remove]:
        """The plans of ``modprobe -r name``; raises NotFound."""
        return [plan.remove(self.resolver, it, plan.Choices()) for it in self.resolve(name)]

    def load(self, name: str, *parameters: str, kernel: Kernel | None = None) -> None:
        """Load ``name`` into ``kernel`` (default: the running one).

        Raises NotFound, and ModutilsError with the errno of the step that failed.
        """
        runner = self._runner(kernel)
        for each in self.plan(name, *parameters):
            runner.load(each)

    def remove(self, name: str, *, kernel: Kernel | None = None) -> None:
        """Remove ``name`` from ``kernel`` (default: the running one); raises as ``load``."""
        runner = self._runner(kernel)
        for each in self.removal(name):
            runner.remove(each)

    def _runner(self, kernel: Kernel | None) -> Runner:
        from pymodutils.kernel import choose  # noqa: PLC0415 -- plans do not need it

        chosen = kernel or choose.kernel(self.root)
        return Runner.of(self.resolver, chosen, Mode(), log=Log("pymodutils"), show=_to_stderr)

    def graph(self) -> Graph:
        """The dependency graph, with an edge from each module to its direct dependencies; raises NotFound."""
        from pymodutils.depends import graph  # noqa: PLC0415 -- imports networkx

        path = self.root.follow(f"{self.path}/modules.dep")
        try:
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                return graph.build(graph.read(file.read()))
        except OSError as error:
            raise NotFound(path, f"{path}: {error.strerror}: run depmod") from None
