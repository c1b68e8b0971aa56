"""modprobe.d: what configuration files and the kernel command line say, each line with its place.

The order of the records is the order in which they were read, which decides between them. Facts about
the syntax were read off kmod 30 and 34; what only one of the two does hangs on ``release``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.errors import BadLine, ModutilsError
from pymodutils.names import normalize_alias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Report = Callable[[str], None]

WEAKDEP_SINCE: Final = 33  # the release of kmod that knew the word first
DEPRECATED: Final = ("include", "config")
_LOGICAL = re.compile(r"(?:[^\\\n]|\\.)+", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_WORD = re.compile(r"[^ \t]+")
_DEPENDENCY = re.compile(r"(?:\A[ \t])?[^ \t]+")  # kmod keeps a single blank before the first one


class Place(NamedTuple):
    """Where a record stands; line 0 means the whole file."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class Alias(NamedTuple):
    """``alias PATTERN MODULE``."""

    pattern: str
    module: str
    place: Place


class Blacklist(NamedTuple):
    """``blacklist MODULE``: no alias leads there."""

    module: str
    place: Place


class Options(NamedTuple):
    """``options MODULE TEXT``, or ``MODULE.TEXT`` of the kernel command line."""

    module: str
    text: str
    place: Place


class Command(NamedTuple):
    """``install PATTERN COMMAND`` or ``remove PATTERN COMMAND``."""

    pattern: str
    command: str
    place: Place


class Softdep(NamedTuple):
    """``softdep PATTERN pre: ... post: ...``; the targets may be aliases."""

    pattern: str
    pre: tuple[str, ...]
    post: tuple[str, ...]
    place: Place


class Weakdep(NamedTuple):
    """``weakdep PATTERN NAME...``: for those who build initramfs images; never loaded."""

    pattern: str
    names: tuple[str, ...]
    place: Place


class Config:
    """Everything that was configured, by kind and in order."""

    __slots__ = ("aliases", "blacklists", "installs", "options", "removes", "softdeps", "weakdeps")

    def __init__(self) -> None:
        self.aliases: list[Alias] = []
        self.blacklists: list[Blacklist] = []
        self.options: list[Options] = []
        self.installs: list[Command] = []
        self.removes: list[Command] = []
        self.softdeps: list[Softdep] = []
        self.weakdeps: list[Weakdep] = []

    def read(self, path: str, report: Report, release: int) -> None:
        """Add what the file ``path`` says; ``report`` hears of each line that says nothing.

        A file that cannot be opened or read is as good as empty.
        """
        try:
            with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
                text = file.read()
        except OSError:
            return
        for number, line in lines(text):
            try:
                self.add(line, Place(path, number), release)
            except BadLine as error:
                report(f"kmod_config_parse: {error}")

    def add(self, line: str, place: Place, release: int) -> None:
        """Add one line; raises BadLine, in kmod's words, when it says nothing."""
        word, rest = _cut(line)
        take = _WORDS.get(word)
        if word in DEPRECATED:
            raise BadLine(str(place), f"{place.file}: command {word} is deprecated and not parsed anymore")
        if take is None or (word == "weakdep" and release < WEAKDEP_SINCE):
            raise _ignored(place, word)
        try:
            name, rest = _cut(rest)
            take(self, normalize_alias(name), rest, place)
        except (ModutilsError, _Missing):
            raise _ignored(place, word) from None


class _Missing(Exception):
    """A word that a line needs is not there."""


def lines(text: str) -> Iterator[tuple[int, str]]:
    r"""(number, line) of each line that is neither blank nor a comment.

    A ``\`` makes a newline vanish and any other character a plain one. The number is that of the last
    physical line. A NUL ends its line.
    """
    logical = _joined(text) if "\\" in text else enumerate(text.split("\n"), start=1)
    for number, whole in logical:
        line = whole.partition("\0")[0]
        if line.strip(" \t") and not line.startswith("#"):
            yield number, line


def _joined(text: str) -> Iterator[tuple[int, str]]:
    number, at = 1, 0
    while at < len(text):
        found = _LOGICAL.match(text, at)
        whole = found[0] if found else ""
        number += whole.count("\n")
        yield number, _ESCAPED.sub(_meant, whole)
        at += len(whole)
        if text[at : at + 1] == "\\":  # the last byte of the file: nothing follows it
            at += 1
        number += 1
        at += 1


def _meant(escaped: re.Match[str]) -> str:
    return escaped[1].removeprefix("\n")


def _cut(text: str) -> tuple[str, str]:
    """The first word and what stands behind the one blank after it; raises _Missing without a word."""
    found = _WORD.search(text)
    if not found:
        raise _Missing
    return found[0], text[found.end() + 1 :]


def _ignored(place: Place, word: str) -> BadLine:
    return BadLine(str(place), f"{place.file} line {place.line}: ignoring bad line starting with '{word}'")


def _needed(text: str) -> str:
    if not text:
        raise _Missing
    return text


def _alias(config: Config, name: str, rest: str, place: Place) -> None:
    config.aliases.append(Alias(name, normalize_alias(_cut(rest)[0]), place))


def _blacklist(config: Config, name: str, _: str, place: Place) -> None:
    config.blacklists.append(Blacklist(name, place))


def _options(config: Config, name: str, rest: str, place: Place) -> None:
    config.options.append(Options(name, _needed(rest).replace("\t", " "), place))


def _install(config: Config, name: str, rest: str, place: Place) -> None:
    config.installs.append(Command(name, _needed(rest), place))


def _remove(config: Config, name: str, rest: str, place: Place) -> None:
    config.removes.append(Command(name, _needed(rest), place))


def _softdep(config: Config, name: str, rest: str, place: Place) -> None:
    words: list[str] = []
    marked: dict[str, list[int]] = {"": [], "pre:": [], "post:": []}
    kind = ""
    for word in _DEPENDENCY.findall(_needed(rest)):
        if word in marked:
            kind = word
        else:
            marked[kind].append(len(words))
            words.append(word)
    pre, post = (_span(words, marked[kind]) for kind in ("pre:", "post:"))
    config.softdeps.append(Softdep(name, pre, post, place))


def _span(words: list[str], marked: list[int]) -> tuple[str, ...]:
    """The words from the first to the last marked one: where a kind comes twice kmod takes all between."""
    return tuple(words[marked[0] : marked[-1] + 1]) if marked else ()


def _weakdep(config: Config, name: str, rest: str, place: Place) -> None:
    config.weakdeps.append(Weakdep(name, tuple(_DEPENDENCY.findall(_needed(rest))), place))


_WORDS: Final = {
    "alias": _alias,
    "blacklist": _blacklist,
    "options": _options,
    "install": _install,
    "remove": _remove,
    "softdep": _softdep,
    "weakdep": _weakdep,
}
