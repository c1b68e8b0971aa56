"""Split modules.conf into lines and words, and expand them like the shell."""

from __future__ import annotations

import glob
import os
import re
import subprocess
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

QUOTES: Final = "'\"`"
META: Final = "*?["
VARIABLE: Final = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
COMMAND: Final = re.compile(r"`([^`]*)`")


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Numbered lines up to a comment or a NUL, joined after a trailing backslash."""
    held = ""
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.partition("\0")[0].partition("#")[0].rstrip()
        if bare.endswith("\\"):
            held += bare[:-1]
            continue
        if (held + bare).strip():
            yield number, (held + bare).strip()
        held = ""
    if held.strip():
        yield len(text.splitlines()), held.strip()


def split(text: str) -> list[str]:
    """The words of ``text``, with their quotes."""
    found, word, quote = [], "", ""
    for char in text:
        if quote:
            quote = "" if char == quote else quote
        elif char in QUOTES:
            quote = char
        elif char.isspace():
            if word:
                found.append(word)
            word = ""
            continue
        word += char
    return [*found, word] if word else found


class Expander:
    """Expands words like the shell, for a kernel of ``release``.

    ``defined`` takes precedence over the environment.
    """

    def __init__(self, release: str) -> None:
        self.release = release
        self.defined: dict[str, str] = {}

    def words(self, text: str) -> list[str]:
        """All words of ``text``, expanded; a pattern without matches is kept."""
        found: list[str] = []
        for word in split(text):
            value = self._value(word)
            plain = "".join(char for char in value if char not in "'\"")
            literal = value[:1] in ("'", '"') or not any(char in plain for char in META)
            found += [plain] if literal else sorted(glob.glob(plain)) or [plain]
        return found

    def word(self, text: str) -> str:
        """The first of these words, or ""."""
        return next(iter(self.words(text)), "")

    def _value(self, word: str) -> str:
        if word.startswith("'"):
            return word
        known = VARIABLE.sub(lambda found: self._variable(found[1] or found[2]), word)
        return COMMAND.sub(lambda found: self._output(found[1].strip()), known)

    def _variable(self, name: str) -> str:
        return self.defined.get(name, os.environ.get(name, ""))

    def _output(self, command: str) -> str:
        """The output of ``command``; uname is answered by the emulated kernel."""
        if command == "uname -r":
            return self.release
        if command == "kernelversion":
            return ".".join(self.release.split(".")[:2])
        done = subprocess.run(
            ["/bin/sh", "-c", command], env=self.environment(), stdout=subprocess.PIPE, text=True, check=False
        )
        return done.stdout.strip()

    def environment(self) -> dict[str, str]:
        """The environment of commands."""
        return {**os.environ, **self.defined}
