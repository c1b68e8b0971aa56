"""modprobe on a 2.4 kernel: load modules with their dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.errors import ModutilsError
from pymodutils.linux24.conf import search
from pymodutils.linux24.conf.words import META
from pymodutils.linux24.insmod import calls
from pymodutils.linux24.insmod.insmod import insmod
from pymodutils.linux24.insmod.options import InsmodOptions
from pymodutils.linux24.insmod.report import RunMessages
from pymodutils.linux24.modprobe.arguments import insmod_options, parameters
from pymodutils.linux24.modprobe.debug import described
from pymodutils.linux24.modprobe.probes import ProbeLists
from pymodutils.linux24.modprobe.remove import Remover
from pymodutils.linux24.modprobe.run import Failed
from pymodutils.linux24.modprobe.stack import ORDINARY, NoSuchModule, Off, Stacks, Wanted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.linux24.conf.config import ModulesConf
    from pymodutils.linux24.modprobe.dependencies import DependencyNode
    from pymodutils.linux24.modprobe.run import ModprobeRun

INSMOD: Final = "/sbin/insmod"


class Modprobe:
    """Loads modules in one run; ``remover`` removes them."""

    def __init__(self, run: ModprobeRun, nodes: Sequence[DependencyNode]) -> None:
        self.run, self.nodes = run, nodes
        self.config, self.flags, self.report = run.config, run.flags, run.report
        self.stacks = Stacks(run.config, nodes, self._expand)
        self.probes = ProbeLists(run.config)
        self.remover = Remover(run, self.stacks, self.probes, self._show)
        self.loaded: list[Wanted] = []  # loaded by the current stack, newest first
        self.succeeded = 0  # of the list at work, or of one within it

    def load(self, words: Sequence[str], kind: str = "", *, every: bool = False) -> bool:
        """Load the first module of ``words`` that can be loaded, or all; return whether there was one."""
        self.succeeded, last, missing = 0, "", ""
        for at, name in enumerate(words):
            if "=" in name:
                continue
            last, missing = name, self._load_any(name, _parameters_after(words, at), kind, every=every)
            if self.succeeded and not every:
                return True
        if not self.succeeded and last:
            self._tell(last, missing)
        return self.succeeded > 0

    def _tell(self, name: str, missing: str) -> None:
        """Report why no module was loaded."""
        if missing and missing != name:
            self.report.error(f"Can't locate module {missing} which is needed for {name}")
        elif not missing:
            self.report.error(f"insmod {name} failed")
        elif not self.flags.quiet:
            self.report.error(f"Can't locate module {name}")

    def _load_any(self, name: str, given: list[str], kind: str, *, every: bool) -> str:
        """Load ``name``: a module, an alias or a list; the name that was not found, or ""."""
        if kind or (any(char in META for char in name) and not self.config.safe):
            return self._load_files(name, given, kind, every=every)
        if self._expand(name) is not None:
            return ""
        paths = [""]
        paths += [node.path for node in self.nodes if node.key == self._target(name)][1:]
        for path in paths:
            try:
                self._load_stack(name, path, given)
            except NoSuchModule as absent:
                return absent.name
            except Failed:
                continue
            self.succeeded += 1
            return ""
        return ""

    def _target(self, name: str) -> str:
        seen = {name}
        while (following := self.stacks.alias(name)) and following not in seen:
            name = following
            seen.add(name)
        return name

    def _load_files(self, name: str, given: list[str], kind: str, *, every: bool) -> str:
        found = search.locate(self.config, name, kind)
        for path in found:
            try:
                self._load_stack(search.key(path), path, given)
            except (NoSuchModule, Failed):
                continue
            self.succeeded += 1
            if not every:
                break
        return "" if found else name

    def _expand(self, name: str) -> bool | None:
        """Load what the probe list ``name`` names; whether that succeeded, None if there is no such list."""
        with self.probes.opened(name) as found:
            return self.load(found.words, every=found.every) if found else None

    def _show(self, stack: Sequence[Wanted]) -> None:
        for wanted in stack if self.flags.debug else ():
            self.report.say(described(wanted))

    def _load_stack(self, name: str, path: str, given: list[str]) -> None:
        """Load ``name`` with its dependencies, or nothing; raises NoSuchModule, Failed or ModutilsError."""
        self.loaded = []
        try:
            stack = self.stacks.stack(name, path)
        except Off:
            return
        self._show(stack)
        for wanted in stack:
            try:
                self._insmod(wanted, given if wanted.names[0] == name else [])
            except Failed:
                if wanted.why != ORDINARY:
                    continue
                for done in self.loaded:
                    self.remover.rmmod(done.kname, done.names, complain=False)
                raise

    def _insmod(self, wanted: Wanted, given: list[str]) -> None:
        present = not self.flags.dry_run and wanted.kname in calls.module_names(self.run.kernel)
        if wanted.node is None or wanted.node.key == "null" or present:
            return
        self.run.commands("pre-install", wanted.names)
        if not self.run.commands("install", wanted.names):
            self._run_insmod(wanted, parameters(wanted.options, given))
        self.run.commands("post-install", wanted.names)
        self.loaded.insert(0, wanted)

    def _run_insmod(self, wanted: Wanted, words: list[str]) -> None:
        flags, path = self.flags, wanted.node.path if wanted.node else ""
        autoclean = flags.autoclean and wanted.autoclean
        marks = zip(("-k", "-q", "-s"), (autoclean, flags.quiet, flags.syslog), strict=True)
        shown = [INSMOD, *(mark for mark, on in marks if on), *self.config.insmod_options, path, *words]
        self.report.detail(" ".join(shown))
        if flags.dry_run:
            return
        options, rest = insmod_options([*self.config.insmod_options, *words], InsmodOptions())
        options = options._replace(autoclean=autoclean or options.autoclean, quiet=flags.quiet)
        report = RunMessages("insmod", syslog=flags.syslog)
        if insmod(self.run.kernel, path, rest, options, report):
            if not flags.quiet:
                self.report.error(f"insmod {path} failed")
            raise Failed


def _parameters_after(words: Sequence[str], at: int) -> list[str]:
    """The parameters after the name at ``at``."""
    found = []
    for word in words[at + 1 :]:
        if "=" not in word:
            break
        found.append(word)
    return found


def checked(config: ModulesConf, report: RunMessages, wrong: Sequence[str]) -> None:
    """Report errors in the configuration; raises ModutilsError if there are any."""
    for text in wrong[:-1]:
        report.error(text)
    if wrong:
        raise ModutilsError(config.file, wrong[-1])
