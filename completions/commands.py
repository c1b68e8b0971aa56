"""The commands as a shell has to know them, read from click."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

import click

from pymodutils.cli import SUBCOMMANDS, TOOLS, CommandEntry
from pymodutils.commands.getopt import Attached
from pymodutils.commands.kernel import COMMANDS

KINDS = {  # metavar -> what its value is completed with; any other value is left to the user
    "DIR": "directory",
    "ROOT": "directory",
    "FILE": "file",
    "PATH": "file",
    "FILE_OR_DIR": "file",
    "VERSION": "version",
    "RELEASE": "version",
    "MODULE": "module",
    "SOURCE": "file",
}
OPERANDS = {  # tool -> what its first and its further operands are
    "insmod": ("modulefile", "parameter"),
    "rmmod": ("loaded", "loaded"),
    "modprobe": ("module", "parameter"),
    "modinfo": ("moduleorfile", "moduleorfile"),
    "depmod": ("version", "modulefile"),
    "graph": ("module", "module"),
    "check": ("modulefile", "modulefile"),
    "call": ("modulefile", "nothing"),
    "kunit": ("modulefile", "modulefile"),
    "completion": ("shell", "nothing"),
    "kernel-describe": ("file", "file"),
    "kernel-boot": ("file", "nothing"),
    "kernel-export": ("directory", "nothing"),
    **dict.fromkeys(
        ("kernel-map", "kernel-dump", "kernel-get", "kernel-put", "kernel-behave"), ("emulated", "nothing")
    ),
}


class Option(NamedTuple):
    """An option: its spellings, its help, and the kind of its value (``""``: none)."""

    names: tuple[str, ...]
    help: str
    kind: str
    choices: tuple[str, ...] = ()
    repeats: bool = False


class Command(NamedTuple):
    """A command as a shell completes it."""

    name: str
    help: str
    options: tuple[Option, ...]
    first: str  # kind of the first operand
    rest: str  # kind of the others
    is_tool: bool  # has a program of its own, beside being a word after pymodutils

    @property
    def is_kernel(self) -> bool:
        """Whether it is a word after ``pymodutils kernel``."""
        return self.name.startswith("kernel-")

    @property
    def word(self) -> str:
        """The words that a user types for it."""
        return self.name.removeprefix("kernel-")


def commands() -> list[Command]:
    """Every tool and subcommand, in the order of ``pymodutils -h``, then those of ``pymodutils kernel``."""
    kernel = {f"kernel-{word}": CommandEntry(*of) for word, of in COMMANDS.items()}
    return [_command(name, entry) for name, entry in {**TOOLS, **SUBCOMMANDS, **kernel}.items()]


def _command(name: str, entry: CommandEntry) -> Command:
    command: click.Command = import_module(f"pymodutils.commands.{entry.module}").command
    options = [param for param in command.params if isinstance(param, click.Option) and not param.hidden]
    first, rest = OPERANDS.get(name, ("nothing", "nothing"))
    return Command(name, entry.help, tuple(_option(option) for option in options), first, rest, name in TOOLS)


def _option(option: click.Option) -> Option:
    first_sentence = (option.help or "").replace("\n", " ").split(". ")[0].rstrip(".")
    names = tuple(sorted(option.opts, key=lambda name: name.startswith("--")))
    if option.is_flag or option.count or isinstance(option, Attached):
        return Option(names, first_sentence, "", repeats=option.count)
    if isinstance(option.type, click.Choice):
        choices = tuple(str(choice) for choice in option.type.choices)
        return Option(names, first_sentence, "choice", choices)
    return Option(names, first_sentence, KINDS.get(option.metavar or "", "value"), repeats=option.multiple)
