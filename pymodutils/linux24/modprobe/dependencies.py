"""modules.dep of 2.4: rules of a makefile."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from pymodutils.errors import ModutilsError
from pymodutils.linux24.conf.search import key
from pymodutils.linux24.conf.words import lines
from pymodutils.regular import opener

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


class DependencyNode(NamedTuple):
    """A module: its name, its file, and the files that it needs."""

    key: str
    path: str
    needs: tuple[str, ...]


def read(path: str) -> list[DependencyNode]:
    """The modules in the file ``path``, "null" first; raises ModutilsError."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", opener=opener) as file:
            text = file.read()
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise ModutilsError(path, f"Can't open dependencies file {path} ({why})") from None
    found = [DependencyNode("null", "null", ())]
    for number, line in lines(text):
        name, colon, rest = line.partition(":")
        if not colon or any(char.isspace() for char in name):
            raise ModutilsError(path, f"line {number}: Invalid dependency\n\t{line}")
        found.append(DependencyNode(key(name), name, tuple(rest.split())))
    return found


def rules(needs: Iterable[tuple[str, Sequence[str]]]) -> Iterator[str]:
    """The text of the file for modules and their dependencies."""
    for path, others in needs:
        yield f"{path}:" + " \\\n".join(f"\t{other}" for other in others) + "\n\n"
