"""Choose the command by the kernel generation: older generations have commands of their own."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Final

from pymodutils.commands.getopt import Tool, raise_usage
from pymodutils.kernel.choose import EMULATED, VARIABLE
from pymodutils.regular import opener

if TYPE_CHECKING:
    from collections.abc import Sequence

GENERATIONS: Final = {"2.4": "linux24", "2.5-dyn": "dyn"}  # --generation -> folder of the commands
PAGES: Final = {"linux24": "pymodutils-linux24", "dyn": "pymodutils-shared-objects"}
APPLICATIONS: Final = {
    b"km24": "linux24",
    b"km25": "dyn",
}  # number in the header of a state file -> folder
HEADER: Final = slice(68, 72)  # offset of that number in an SQLite file


class Generations(Tool):
    """A tool that delegates to one of the same name if the kernel is of another generation."""

    def chosen(self, prog: str, words: Sequence[str]) -> Tool:
        """The tool for the kernel given in ``words``."""
        folder = of(prog, words)
        if not folder or self.callback is None:
            return self
        from importlib.util import find_spec  # noqa: PLC0415 -- for kernels of old only

        name = self.callback.__module__.rpartition(".")[2]
        place = f"pymodutils.commands.{folder}.{name}"
        if find_spec(place) is None:
            number = next(number for number, each in GENERATIONS.items() if each == folder)
            raise_usage(prog, f"not for kernels of {number}: see man {PAGES[folder]}")
        other: Tool = import_module(place).command
        return other


def of(prog: str, words: Sequence[str]) -> str:
    """The folder of the commands for ``words``; "" for today's generation."""
    wanted = _value(words, "--generation")
    if wanted is not None:
        if wanted not in GENERATIONS:
            raise_usage(prog, f"unknown generation '{wanted}': give {' or '.join(GENERATIONS)}")
        return GENERATIONS[wanted]
    backend = _value(words, "--backend") or os.environ.get(VARIABLE, "")
    kind, _, file = backend.partition(":")
    return _of_file(file) if kind == EMULATED else ""


def _value(words: Sequence[str], option: str) -> str | None:
    """The value of ``option``, possibly abbreviated, in ``words``; None if absent."""
    for at, word in enumerate(words):
        if word == "--":
            return None
        name, equals, value = word.partition("=")
        if len(name) > len("--x") and option.startswith(name):
            return value if equals else words[at + 1] if at + 1 < len(words) else ""
    return None


def _of_file(path: str) -> str:
    if not path:
        from pymodutils.kernel.emulated.boot import default_path  # noqa: PLC0415 -- only with a backend

        path = default_path()
    try:
        with open(path, "rb", opener=opener) as file:
            return APPLICATIONS.get(file.read(HEADER.stop)[HEADER], "")
    except OSError:
        return ""
