"""State shared by all parts of a modprobe call: arguments, messages, module lookup."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from pymodutils import names
from pymodutils.depends import config_files, hints
from pymodutils.depends.directory import ModuleDirectory
from pymodutils.depends.resolve import Module, Resolver, in_file
from pymodutils.log import Log, library

if TYPE_CHECKING:
    from pymodutils.commands.modprobe.arguments import Arguments

PATHS_SINCE: Final = 31  # the first release of kmod that treats /x.ko and ./x.ko as files


class Session:
    """The arguments of one call, its log and the modules it can find."""

    def __init__(self, arguments: Arguments, log: Log) -> None:
        self.arguments = arguments
        self.log = log
        self.choices = arguments.choices
        path = arguments.directory
        config = config_files.load(arguments.root, path, arguments.config, library, arguments.release)
        root = arguments.root.of(arguments.dirname)
        self.resolver = Resolver(config, ModuleDirectory(path, self.log.warning, root))

    def found(self, name: str) -> list[Module]:
        """The modules of a name or, for loading, a path; reports an error if there are none."""
        loads = not self.arguments.removes
        if loads and name.startswith(("/", "./")) and self.arguments.release >= PATHS_SINCE:
            return self._in_file(name)
        modules = self.resolver.lookup(name)
        if not modules:
            place = f" in directory {self.resolver.directory.path}" if loads else "."
            hint = "" if self.arguments.compat else hints.about(self.resolver.directory.path)
            self.fatal(f"Module {name} not found{place}", hint)
        return modules

    def _in_file(self, name: str) -> list[Module]:
        path = name if name.startswith("/") else f"{os.getcwd()}/{name}"
        try:
            names.stat(path)
        except OSError as error:
            self.fatal(f"Failed to get module from path {name}: {error.strerror}")
            return []
        return [in_file(path, name)]

    def fatal(self, text: str, hint: str = "") -> None:
        """Report a fatal error, unless with -a or -q."""
        if not self.arguments.every:
            self.log.fatal(text, hint)
            return
        self.log.warning(text)
        if hint:
            self.log.warning(hint)


def say(text: str) -> None:
    """Print one line."""
    sys.stdout.write(f"{text}\n")
