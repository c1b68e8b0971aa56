"""``pymodutils kernel COMMAND``: what is about a kernel as a whole."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.commands.getopt import Tool

if TYPE_CHECKING:
    from collections.abc import Sequence


class Entry(NamedTuple):
    """Where a command lives, and what it is for."""

    module: str  # below pymodutils.commands
    help: str


COMMANDS: Final = {
    "describe": Entry("kernel_describe", "say which kernel an image, package or directory holds"),
}


class Group(Tool):
    """The commands below one word; only the one that is asked for is imported."""

    def call(self, prog: str, path: str, words: Sequence[str]) -> int:
        """The exit status of the command that the first of ``words`` names."""
        first = words[0] if words else ""
        if first in COMMANDS:
            tool: Tool = import_module(f"pymodutils.commands.{COMMANDS[first].module}").command
            return tool.call(f"{prog} {first}", f"{path} {first}", words[1:])
        if first in ("-h", "--help"):
            sys.stdout.write(_help(prog))
            return 0
        wrong = f"invalid command {first!r}" if first else "missing command"
        sys.stderr.write(f"{prog}: ERROR: {wrong}\n{_help(prog)}")
        return 1


def _help(prog: str) -> str:
    rows = [f"  {name:<14}{entry.help}\n" for name, entry in COMMANDS.items()]
    return "".join([f"Usage: pymodutils {prog} COMMAND [OPTIONS]\n\nCommands:\n", *rows])


command: Final = Group("kernel")
