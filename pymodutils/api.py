"""What programs ask most, in a few calls over the core; ``import pymodutils`` has all of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pymodutils.depends import config_files, plan, words
from pymodutils.depends.directory import ModuleDirectory
from pymodutils.depends.resolve import Module, Resolver
from pymodutils.errors import NotFound
from pymodutils.log import Log
from pymodutils.root import default
from pymodutils.run import Mode, Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pymodutils.checks.verdict import Report
    from pymodutils.depends.graph import Graph
    from pymodutils.depends.module_info import ModuleInfo
    from pymodutils.depends.plan import Load, Remove
    from pymodutils.kernel.base import Kernel, Loaded
    from pymodutils.root import Root


def _to_stderr(text: str) -> None:
    sys.stderr.write(f"pymodutils: {text}\n")


def modinfo(word: str, *, release: str | None = None, root: Root | None = None) -> ModuleInfo:
    """What the module in the file ``word``, else the first one of that name or alias, says of itself.

    Raises NotFound; what the module says is read when it is asked for, and may raise BadModule.
    """
    return Modules(release, root=root).find(word)[0]


def loaded(*, root: Root | None = None) -> list[Loaded]:
    """The modules in the kernel, newest first."""
    from pymodutils.kernel import choose  # noqa: PLC0415 -- the other calls do without

    return choose.kernel(root or default()).loaded()


def check(
    modules: str | Sequence[str],
    kernels: str | Sequence[str] = "running",
    *,
    more: Sequence[str] = (),
    params: Mapping[str, str] | None = None,
    firmware: str = "",
    cached: bool = True,
    cmdline: str = "",
    trust: Sequence[str] = (),
    root: Root | None = None,
) -> Report:
    """Whether ``modules`` (files, directories, packages) load into ``kernels``, as ``pymodutils check``.

    Needed modules are taken from ``more``, too; ``params`` has parameters by the names of modules;
    ``firmware`` is a folder; ``cmdline`` is each kernel's command line, such as ``module.sig_enforce=1``;
    ``trust`` are files with certificates that each kernel trusts. Raises ModutilsError about input that
    cannot be read.
    """
    from pymodutils.checks.matrix import Request  # noqa: PLC0415 -- the other calls do without
    from pymodutils.checks.matrix import check as matrix  # noqa: PLC0415

    listed, sources = ([it] if isinstance(it, str) else it for it in (modules, kernels))
    request = Request(listed, sources, more, params or {}, firmware, cached, cmdline, trust)
    return matrix(request, root or default())


class Modules:
    """The modules of one kernel release with their indexes and modprobe's configuration.

    ``config`` (files or directories) replaces the default configuration. ``report`` hears of lines and
    indexes that cannot be read, which are passed over as kmod does.
    """

    def __init__(
        self,
        release: str | None = None,
        *,
        root: Root | None = None,
        config: Sequence[str] = (),
        report: Callable[[str], None] = _to_stderr,
    ) -> None:
        self.root = root or default()
        self.release = self.root.release() if release is None else release
        self.path = self.root.modules(release=self.release)
        self._config, self._report = config, report
        self.resolver = self._resolver()

    def _resolver(self) -> Resolver:
        read = config_files.load(self.root, self.path, self._config, self._report)
        return Resolver(read, ModuleDirectory(self.path, self._report))

    def find(self, word: str) -> list[ModuleInfo]:
        """The module in the file ``word``, else those that the name or alias stands for; raises NotFound."""
        from pymodutils.depends.find import Finder  # noqa: PLC0415 -- plans do without

        return Finder(self.path).find(word)

    def depmod(self, *, compat: int = 34) -> list[str]:
        """Make the database as this release of kmod does; the paths of damaged modules, which it lacks.

        Messages go to stderr. Raises NotFound without modules, ModutilsError for cycles or a full disk: then
        the files are what they were.
        """
        from pymodutils.depends.depmod.run import Job, Run  # noqa: PLC0415 -- dear, and rarely wanted
        from pymodutils.depends.depmod.survey import Surveyor  # noqa: PLC0415

        log = Log("depmod")
        job = Job(self.root, self.release, self.path, self.path, compat=compat)
        surveyor = Surveyor(Run(job, log, lambda _done, _total: None))
        survey = surveyor.survey()
        surveyor.write(survey)
        self.resolver = self._resolver()
        return survey.damaged

    def resolve(self, name: str) -> list[Module]:
        """The modules that ``name``, a module or an alias, leads modprobe to; raises NotFound."""
        found = self.resolver.lookup(name)
        if not found:
            raise NotFound(name, f"Module {name} not found in directory {self.path}")
        return found

    def plan(self, name: str, *parameters: str) -> list[Load]:
        """What ``modprobe name parameters`` would do, a plan for each module that ``name`` stands for."""
        options = words.parameters(parameters)
        return [plan.load(self.resolver, it, options, plan.Choices()) for it in self.resolve(name)]

    def removal(self, name: str) -> list[Remove]:
        """What ``modprobe -r name`` would do; raises NotFound."""
        return [plan.remove(self.resolver, it, plan.Choices()) for it in self.resolve(name)]

    def load(self, name: str, *parameters: str, kernel: Kernel | None = None) -> None:
        """Do what ``plan`` says on ``kernel``, the running one by default.

        Raises NotFound, and ModutilsError with the errno of the step that failed.
        """
        runner = self._runner(kernel)
        for each in self.plan(name, *parameters):
            runner.load(each)

    def remove(self, name: str, *, kernel: Kernel | None = None) -> None:
        """Do what ``removal`` says on ``kernel``, the running one by default; raises as ``load`` does."""
        runner = self._runner(kernel)
        for each in self.removal(name):
            runner.remove(each)

    def _runner(self, kernel: Kernel | None) -> Runner:
        from pymodutils.kernel import choose  # noqa: PLC0415 -- plans do without

        chosen = kernel or choose.kernel(self.root)
        return Runner.of(self.resolver, chosen, Mode(), log=Log("pymodutils"), show=_to_stderr)

    def graph(self) -> Graph:
        """What needs what, an edge from each module to each that it needs itself; raises NotFound."""
        from pymodutils.depends import graph  # noqa: PLC0415 -- the door to networkx

        path = f"{self.path}/modules.dep"
        try:
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                return graph.build(graph.read(file.read()))
        except OSError as error:
            raise NotFound(path, f"{path}: {error.strerror}: run depmod") from None
