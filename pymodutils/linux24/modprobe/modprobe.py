"""modprobe on a 2.4 kernel: load modules with their dependencies, or remove them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.errors import ModutilsError, Refused
from pymodutils.linux24.conf import search
from pymodutils.linux24.conf.words import META
from pymodutils.linux24.insmod import calls
from pymodutils.linux24.insmod.insmod import insmod
from pymodutils.linux24.insmod.options import InsmodOptions
from pymodutils.linux24.insmod.report import RunMessages
from pymodutils.linux24.modprobe.arguments import insmod_options, parameters
from pymodutils.linux24.modprobe.stack import ORDINARY, NoSuchModule, Off, Stacks, Wanted
from pymodutils.linux24.struct_module import AUTOCLEAN, USED_ONCE, VISITED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.linux24.conf.config import ModulesConf
    from pymodutils.linux24.kernel.kernel import Linux24
    from pymodutils.linux24.modprobe.dependencies import DependencyNode

INSMOD: Final = "/sbin/insmod"


class Flags(NamedTuple):
    """The options of modprobe that say how, not what."""

    dry_run: bool = False
    quiet: bool = False
    autoclean: bool = False
    verbose: bool = False
    syslog: bool = False


class Failed(Exception):
    """A module cannot be loaded; what is wrong has been said."""


class Modprobe:
    """One run on ``kernel``."""

    def __init__(
        self,
        kernel: Linux24,
        config: ModulesConf,
        nodes: Sequence[DependencyNode],
        flags: Flags,
        report: RunMessages,
    ) -> None:
        self.kernel, self.config, self.flags, self.report = kernel, config, flags, report
        self.nodes = nodes
        self.stacks = Stacks(config, nodes, self._expand)
        self.loaded: list[Wanted] = []  # by the stack at work, newest first

    # Load

    def load(self, words: Sequence[str], kind: str = "", *, every: bool = False) -> bool:
        """Load the first module of ``words`` that can be loaded, or all; whether there was one."""
        succeeded, last, missing = False, "", ""
        for at, name in enumerate(words):
            if "=" in name:
                continue
            given = _parameters_after(words, at)
            found, missing = self._load_any(name, given, kind, every=every)
            last = name
            succeeded = succeeded or found
            if succeeded and not every:
                return True
        if not succeeded and last:
            self._tell(last, missing)
        return succeeded

    def _tell(self, name: str, missing: str) -> None:
        """Say why no module was loaded."""
        if missing and missing != name:
            self.report.error(f"Can't locate module {missing} which is needed for {name}")
        elif not missing:
            self.report.error(f"insmod {name} failed")
        elif not self.flags.quiet:
            self.report.error(f"Can't locate module {name}")

    def _load_any(self, name: str, given: list[str], kind: str, *, every: bool) -> tuple[bool, str]:
        """Load ``name``, whatever it is; whether it succeeded, and the name that was not found."""
        lists = self.config.lists
        if kind or any(char in META for char in name):
            return self._load_files(name, given, kind, every=every)
        for word in ("probe", "probeall"):
            if name in lists[word]:
                return self.load(lists[word][name], every=word == "probeall"), name
        paths = [""]
        paths += [node.path for node in self.nodes if node.key == self._target(name)][1:]
        for path in paths:
            try:
                self._load_stack(name, path, given)
            except NoSuchModule as absent:
                return False, absent.name
            except Failed:
                continue
            return True, ""
        return False, ""

    def _target(self, name: str) -> str:
        seen = {name}
        while (following := self.stacks.alias(name)) and following not in seen:
            name = following
            seen.add(name)
        return name

    def _load_files(self, name: str, given: list[str], kind: str, *, every: bool) -> tuple[bool, str]:
        succeeded = False
        for path in search.locate(self.config, name, kind):
            try:
                self._load_stack(search.key(path), path, given)
            except (NoSuchModule, Failed):
                continue
            succeeded = True
            if not every:
                break
        return succeeded, name

    def _expand(self, name: str) -> bool:
        """Load what the probe list ``name`` names; whether that succeeded."""
        lists = self.config.lists
        word = next((word for word in ("probe", "probeall") if name in lists[word]), "")
        return bool(word) and self.load(lists[word][name], every=word == "probeall")

    def _load_stack(self, name: str, path: str, given: list[str]) -> None:
        """Load ``name`` and what belongs to it, or nothing; raises NotFound, Failed or ModutilsError."""
        self.loaded = []
        try:
            stack = self.stacks.stack(name, path)
        except Off:
            return
        for wanted in stack:
            try:
                self._insmod(wanted, given if wanted.names[0] == name else [])
            except Failed:
                if wanted.why != ORDINARY:
                    continue
                for done in self.loaded:
                    self._rmmod(done.kname, done.names, complain=False)
                raise

    def _insmod(self, wanted: Wanted, given: list[str]) -> None:
        present = not self.flags.dry_run and wanted.kname in calls.module_names(self.kernel)
        if wanted.node is None or wanted.node.key == "null" or present:
            return
        self._run("pre-install", wanted.names)
        if not self._run("install", wanted.names):
            self._run_insmod(wanted, parameters(wanted.options, given))
        self._run("post-install", wanted.names)
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
        if insmod(self.kernel, path, rest, options, report):
            if not flags.quiet:
                self.report.error(f"insmod {path} failed")
            raise Failed

    def _run(self, step: str, names: Sequence[str]) -> bool:
        """Run the commands for ``step``; whether there are any. Raises Failed."""
        there = False
        for name in names:
            command = self.config.command(step, search.key(name))
            if not command:
                continue
            there = True
            self.report.detail(f"# {step} {name}:\n{command}")
            if self.flags.dry_run:
                continue
            environment = self.config.expander.environment()
            if subprocess.run(["/bin/sh", "-c", command], env=environment, check=False).returncode:
                self.report.error(f"{step} {name} failed")
                raise Failed
        return there

    # Remove

    def remove(self, words: Sequence[str]) -> int:
        """Remove modules and what they needed; how many of ``words`` could not be removed."""
        return sum(not self._remove(name) for name in words)

    def _remove(self, name: str) -> bool:
        name, lists = search.key(name), self.config.lists
        for word in ("probe", "probeall"):
            if name in lists[word]:
                each = [self._remove(other) for other in lists[word][name]]
                return all(each)
        try:
            stack = self.stacks.stack(name, removing=True)
        except Off:
            return True
        except NoSuchModule:
            return self._rmmod(name, [name], complain=True)
        done = True
        for wanted in stack:
            if wanted.kname in calls.module_names(self.kernel):
                meant = wanted.kname == name
                removed = self._rmmod(wanted.kname, wanted.names, complain=meant)
                done = done and (removed or not meant)
        return done

    def _rmmod(self, kname: str, names: Sequence[str], *, complain: bool) -> bool:
        """Remove one module; whether it is no longer there."""
        if kname not in calls.module_names(self.kernel):
            return True
        known = calls.known(self.kernel, kname)
        if known.refs or known.usecount:
            return self._refuse(f"{kname}: Device or resource busy", complain=complain)
        try:
            self._run("pre-remove", names)
            if not self._run("remove", names):
                self.report.detail(f"# delete {kname}")
                if not self.flags.dry_run:
                    self.kernel.delete_module(kname)
            self._run("post-remove", names)
        except Failed:
            return False
        except Refused as refused:
            return self._refuse(str(refused), complain=complain)
        return True

    def _refuse(self, text: str, *, complain: bool) -> bool:
        if complain and not self.flags.quiet:
            self.report.error(text)
        return False

    def clean(self) -> int:
        """Remove autoclean modules that were used and have not been visited; the exit status."""
        for module in calls.modules(self.kernel):
            flags = module.flags
            idle = flags & AUTOCLEAN and flags & USED_ONCE and not flags & VISITED
            if idle and not module.refs and not module.usecount:
                self._rmmod(module.name, [module.name], complain=False)
        self.report.detail("# autoclean")
        if not self.flags.dry_run:
            self.kernel.delete_module(None)
        return 0


def _parameters_after(words: Sequence[str], at: int) -> list[str]:
    """The parameters that follow the name at ``at``."""
    found = []
    for word in words[at + 1 :]:
        if "=" not in word:
            break
        found.append(word)
    return found


def checked(config: ModulesConf, report: RunMessages, wrong: Sequence[str]) -> None:
    """Say what is wrong with the configuration; raises ModutilsError if anything is."""
    for text in wrong[:-1]:
        report.error(text)
    if wrong:
        raise ModutilsError(config.file, wrong[-1])
