"""One call of modprobe, from what is asked to its exit status."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from pymodutils.commands.getopt import raise_usage
from pymodutils.commands.modprobe.asked import PROG
from pymodutils.depends import plan, search
from pymodutils.depends.directory import ModuleDirectory
from pymodutils.depends.resolve import Module, Resolver, in_file
from pymodutils.kernel import choose
from pymodutils.log import ERROR, WARNING, Log
from pymodutils.run import CannotLoad, NotRemoved, Runner

if TYPE_CHECKING:
    from pymodutils.commands.modprobe.asked import Asked

PATHS_SINCE: Final = 31  # the release of kmod from which /x.ko and ./x.ko are files
LEVELS: Final = ("err", "info", "debug")


class Session:
    """What was asked, the modules it is asked of, and what can be done with them."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.log = Log(PROG, WARNING + asked.verbose, quiet=asked.quiet, syslog=asked.syslog)
        self.choices = asked.choices
        path = asked.directory
        config = search.load(asked.root, path, asked.config, _say_early, asked.release)
        self.resolver = Resolver(config, ModuleDirectory(path, self.log.warning))

    def run(self) -> int:
        """Do what was asked; the exit status."""
        asked = self.asked
        asked.hand_down()
        for warning in asked.warnings():
            self.log.warning(warning)
        if asked.form == "json" and not asked.only_shows:
            raise_usage(PROG, "--format json shows what would be done: give -n, -D, --explain, -R or -c too")
        if not (asked.operands or asked.shows_config):
            self.log.error("missing parameters. See -h.")
            return 1
        if asked.queries:
            from pymodutils.commands.modprobe import show  # noqa: PLC0415 -- everyday work does without

            return show.answer(self)
        act = self.remove if asked.removes else self.load
        return max([act(name) for name in asked.names])

    def load(self, name: str) -> int:
        """Load the modules of a name; the exit status is that of the last one."""
        status, runner = 1, self._runner()
        for module in self.found(name):
            try:
                runner.load(plan.load(self.resolver, module, self.asked.parameters, self.choices))
                status = 0
            except CannotLoad as error:
                self.log.error(str(error))
                status = 1
        return status

    def remove(self, name: str) -> int:
        """Remove the modules of a name, until one cannot be; the exit status."""
        modules, runner = self.found(name), self._runner()
        for module in modules:
            try:
                runner.remove(plan.remove(self.resolver, module, self.choices))
            except NotRemoved:
                return 1
        return 0 if modules else 1

    def _runner(self) -> Runner:
        kernel = choose.kernel(self.asked.root)
        return Runner.of(self.resolver, kernel, self.asked.mode, log=self.log, show=say)

    def found(self, name: str) -> list[Module]:
        """The modules of a name or, to be loaded, a path; where there are none, that is said."""
        loads = not self.asked.removes or self.asked.shows_names
        if loads and name.startswith(("/", "./")) and self.asked.release >= PATHS_SINCE:
            return self._in_file(name)
        modules = self.resolver.lookup(name)
        if not modules:
            place = f" in directory {self.resolver.directory.path}" if loads else "."
            self.fatal(f"Module {name} not found{place}")
        return modules

    def _in_file(self, name: str) -> list[Module]:
        path = name if name.startswith("/") else f"{os.getcwd()}/{name}"
        try:
            os.stat(path)
        except OSError as error:
            self.fatal(f"Failed to get module from path {name}: {error.strerror}")
            return []
        return [in_file(path, name)]

    def fatal(self, text: str) -> None:
        """Say what ends the program, unless several modules are asked for (-a) or nothing is to be said."""
        (self.log.warning if self.asked.every else self.log.fatal)(text)


def say(text: str) -> None:
    """Print one line."""
    sys.stdout.write(f"{text}\n")


def _say_early(text: str) -> None:
    """Say what kmod's library does before it knows -q and -s; only $KMOD_LOG silences that."""
    level = os.environ.get("KMOD_LOG", "err")
    if level.startswith(LEVELS) or (level.isdigit() and int(level) >= ERROR):
        sys.stderr.write(f"libkmod: ERROR: {text}\n")
