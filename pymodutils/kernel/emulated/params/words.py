"""Split a parameter string into words; lib/cmdline.c: next_arg."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

BLANKS: Final = b" \t\n\v\f\r\xa0"  # the kernel's isspace() uses Latin-1
QUOTE: Final = ord('"')


class Word(NamedTuple):
    """``name`` or ``name=value`` without quotes; ``end`` is the start of the next word."""

    name: bytes
    value: bytes | None
    end: int


def words(text: bytes) -> Iterator[Word]:
    """The words of ``text``. Quotes protect blanks; a leading equals sign belongs to the name."""
    at = _skip(text, 0)
    while at < len(text):
        quoted = text[at] == QUOTE
        at += quoted
        end = _end(text, at, quoted=quoted)
        name, value = _split(text[at:end], quoted=quoted)
        at = _skip(text, end + 1)
        yield Word(name, value, at)


def _skip(text: bytes, at: int) -> int:
    """The end of the blanks at ``at``."""
    while at < len(text) and text[at] in BLANKS:
        at += 1
    return min(at, len(text))


def _end(text: bytes, at: int, *, quoted: bool) -> int:
    """The end of the word at ``at``: the first blank outside quotes."""
    while at < len(text) and (quoted or text[at] not in BLANKS):
        quoted ^= text[at] == QUOTE
        at += 1
    return at


def _split(token: bytes, *, quoted: bool) -> tuple[bytes, bytes | None]:
    """Name and value of ``token``; ``quoted``: it was preceded by a quote."""
    equals = token.find(b"=", 1)
    name, value = (token, None) if equals < 0 else (token[:equals], token[equals + 1 :])
    if value is not None and value.startswith(b'"'):
        return name, (value[1:-1] if token.endswith(b'"') else value[1:])
    if not (quoted and token.endswith(b'"')):
        return name, value
    return (name[:-1], None) if value is None else (name, value[:-1])


def dash2underscore(name: bytes) -> bytes:
    """The name as parameq compares it."""
    return name.replace(b"-", b"_")
