"""The kernel command line as modprobe reads it: ``module.param=value`` and ``modprobe.blacklist=a,b``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pymodutils.depends.config import Blacklist, Options, Place
from pymodutils.names import normalize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.depends.config import Config

LIMIT: Final = 4095  # bytes: kmod reads no more
SPACE: Final = " \t\n\v\f\r"
_WORD = re.compile(rf'(?:[^"{SPACE}]|"[^"]*")+')
_PARAMETER = re.compile(r'([^".=]*)\.([^".= \t\n\v\f\r]*)(=.*)?\Z', re.DOTALL)


def read(config: Config, path: str) -> None:
    """Add what the kernel command line in the file ``path`` says; without one, nothing."""
    try:
        with open(path, "rb") as file:
            data = file.read(LIMIT)
    except OSError:
        return
    add(config, data.partition(b"\0")[0].decode("utf-8", "surrogateescape"), Place(path))


def add(config: Config, text: str, place: Place) -> None:
    """Add what the kernel command line ``text`` says; a word that does not fit the syntax says nothing."""
    for module, param, value in parameters(text):
        if module == "modprobe" and param == "blacklist" and value:
            config.blacklists += [Blacklist(name, place) for name in value[1:].split(",")]
        else:
            config.options.append(Options(normalize(module), param + value, place))


def parameters(text: str) -> Iterator[tuple[str, str, str]]:
    """(module, parameter, ``=value`` or nothing); blanks inside double quotes do not end a word.

    ``"m.p=a b"`` is the same as ``m.p="a b"``; a quote that is never closed voids the rest.
    """
    for word in _words(text):
        quoted = word.startswith('"')
        found = _PARAMETER.match(word[quoted:])
        if found:
            module, param, value = found[1], found[2], found[3] or ""
            yield module, param, f'="{value[1:]}' if quoted and value else value


def _words(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        found = _WORD.match(text, at)
        end = found.end() if found else at
        if text[end : end + 1] == '"':
            return
        if found:
            yield found[0]
        at = end + 1
