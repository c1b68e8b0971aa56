"""modprobe.d: records from configuration files and the kernel command line, each with its location.

Records are in the order in which they were read, which determines precedence. The syntax is that of kmod 30
and 34; behaviour of only one of them depends on ``release``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.errors import BadLine, ModutilsError
from pymodutils.names import normalize_alias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Report = Callable[[str], None]

WEAKDEP_SINCE: Final = 33  # the first release of kmod with the command
DEPRECATED: Final = ("include", "config")
BLANKS: Final = " \t"
_SPACES: Final = dict.fromkeys(map(ord, "\t\n\v\f\r"), " ")  # further separators in a list


class SourceLine(NamedTuple):
    """The location of a record; line 0 means the whole file."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class Alias(NamedTuple):
    """``alias PATTERN MODULE``."""

    pattern: str
    module: str
    place: SourceLine


class Blacklist(NamedTuple):
    """``blacklist MODULE``: no alias leads there."""

    module: str
    place: SourceLine


class Options(NamedTuple):
    """``options MODULE TEXT``, or ``MODULE.TEXT`` of the kernel command line."""

    module: str
    text: str
    place: SourceLine


class Command(NamedTuple):
    """``install PATTERN COMMAND`` or ``remove PATTERN COMMAND``."""

    pattern: str
    command: str
    place: SourceLine


class Softdep(NamedTuple):
    """``softdep PATTERN pre: ... post: ...``; the targets may be aliases."""

    pattern: str
    pre: tuple[str, ...]
    post: tuple[str, ...]
    place: SourceLine


class Weakdep(NamedTuple):
    """``weakdep PATTERN NAME...``: for initramfs generators; never loaded."""

    pattern: str
    names: tuple[str, ...]
    place: SourceLine


class Config:
    """All records by kind, in order."""

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
        """Add the records of the file ``path``; ``report`` is called for each invalid line.

        A file that cannot be opened or read counts as empty.
        """
        try:
            with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
                text = file.read()
        except OSError:
            return
        for number, line in lines(text):
            try:
                self.add(line, SourceLine(path, number), release)
            except BadLine as error:
                report(f"kmod_config_parse: {error}")

    def add(self, line: str, place: SourceLine, release: int) -> None:
        """Add one line; raises BadLine, with kmod's message, if it is invalid."""
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
    """A required word is missing."""


def lines(text: str) -> Iterator[tuple[int, str]]:
    r"""(number, line) of each line that is neither blank nor a comment.

    A ``\`` makes a newline vanish and any other character a plain one. The number is that of the last
    physical line. A NUL ends its line.
    """
    logical = _joined(text) if "\\" in text else enumerate(text.split("\n"), start=1)
    for number, whole in logical:
        line = whole.partition("\0")[0]
        if line.strip(BLANKS) and not line.startswith("#"):
            yield number, line


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """The logical lines of a text with backslashes, including blank ones."""
    line = ""
    for number, physical in enumerate(text.split("\n"), start=1):
        goes_on = (len(physical) - len(physical.rstrip("\\"))) % 2
        body = physical[:-1] if goes_on else physical
        line += "\\".join(part.replace("\\", "") for part in body.split("\\\\"))
        if not goes_on:
            yield number, line
            line = ""
    if line:
        yield number, line


def _cut(text: str) -> tuple[str, str]:
    """The first word, and the rest after one blank; raises _Missing without a word."""
    start = text.lstrip(BLANKS)
    if not start:
        raise _Missing
    word = start.replace("\t", " ").partition(" ")[0]
    return word, start[len(word) + 1 :]


def _ignored(place: SourceLine, word: str) -> BadLine:
    return BadLine(str(place), f"{place.file} line {place.line}: ignoring bad line starting with '{word}'")


def _needed(text: str) -> str:
    if not text:
        raise _Missing
    return text


def _alias(config: Config, name: str, rest: str, place: SourceLine) -> None:
    config.aliases.append(Alias(name, normalize_alias(_cut(rest)[0]), place))


def _blacklist(config: Config, name: str, _: str, place: SourceLine) -> None:
    config.blacklists.append(Blacklist(name, place))


def _options(config: Config, name: str, rest: str, place: SourceLine) -> None:
    config.options.append(Options(name, _needed(rest).replace("\t", " "), place))


def _install(config: Config, name: str, rest: str, place: SourceLine) -> None:
    config.installs.append(Command(name, _needed(rest), place))


def _remove(config: Config, name: str, rest: str, place: SourceLine) -> None:
    config.removes.append(Command(name, _needed(rest), place))


def _softdep(config: Config, name: str, rest: str, place: SourceLine) -> None:
    words: list[str] = []
    marked: dict[str, list[int]] = {"": [], "pre:": [], "post:": []}
    kind = ""
    for word in _listed(_needed(rest)):
        if word in marked:
            kind = word
        else:
            marked[kind].append(len(words))
            words.append(word)
    pre, post = (_span(words, marked[kind]) for kind in ("pre:", "post:"))
    config.softdeps.append(Softdep(name, pre, post, place))


def _listed(text: str) -> list[str]:
    """The words of ``text``; kmod keeps a single leading blank."""
    words = text.translate(_SPACES).split(" ")
    alone = text[0] if len(words) > 1 and not words[0] and words[1] else ""
    words = [word for word in words if word]
    return [alone + words[0], *words[1:]] if alone else words


def _span(words: list[str], marked: list[int]) -> tuple[str, ...]:
    """The words from the first to the last marked one: of a repeated kind, kmod includes all in between."""
    return tuple(words[marked[0] : marked[-1] + 1]) if marked else ()


def _weakdep(config: Config, name: str, rest: str, place: SourceLine) -> None:
    config.weakdeps.append(Weakdep(name, tuple(_listed(_needed(rest))), place))


_WORDS: Final = {
    "alias": _alias,
    "blacklist": _blacklist,
    "options": _options,
    "install": _install,
    "remove": _remove,
    "softdep": _softdep,
    "weakdep": _weakdep,
}
