"""Check dynamic debug queries of a module; lib/dynamic_debug.c: ddebug_exec_queries.

No debug message is ever printed here, so only errors in queries are visible.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.kern_levels import ERR
from pymodutils.twos_complement import signed

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.params.scalars import Log

SPACES: Final = b" \t\n\v\f\r\xa0"
QUOTES: Final = (b'"', b"'")
MOST: Final = 9  # words of a query
SIGNS: Final = (b"+", b"-", b"=")
FLAGS: Final = b"pmflt_"
LATER_FLAGS: Final = b"pmfslt_"  # s: the name of the file
LATER: Final = (6, 6)
ONCE: Final = (b"func", b"file", b"module", b"format", b"class")  # keywords other than line
HIGHEST: Final = (1 << 32) - 1  # number of a line


class _Wrong(Exception):
    """A faulty query, with the log message."""


def ask(text: bytes, flags: bytes, log: Log) -> None:
    """Parse the queries in ``text``, separated by ``;`` and newlines; a faulty one is only logged.

    ``flags`` are the supported letters.
    """
    for query in text.replace(b"\n", b";").split(b";"):
        wanted = query.lstrip(SPACES)
        if not wanted or wanted.startswith(b"#"):
            continue
        step = "tokenize"
        try:
            words = _words(wanted)
            step = "flags parse"
            _flags(words.pop(), flags)
            step = "query parse"
            _pairs(words)
        except _Wrong as wrong:
            log(ERR, f"dyndbg: {wrong}")
            log(ERR, f"dyndbg: {step} failed")


def _words(rest: bytes) -> list[bytes]:
    """The words up to a comment, separated by blanks and quotes."""
    found: list[bytes] = []
    while rest and not rest.startswith(b"#"):
        if rest.startswith(QUOTES):
            word, closed, rest = rest[1:].partition(rest[:1])
            if not closed:
                raise _Wrong(f"unclosed quote: {_shown(word)}")
        else:
            end = next((at for at, byte in enumerate(rest) if byte in SPACES), len(rest))
            word, rest = rest[:end], rest[end:]
        if len(found) == MOST:
            raise _Wrong(f"too many words, legal max <={MOST}")
        found.append(word)
        rest = rest.lstrip(SPACES)
    return found


def _flags(word: bytes, known: bytes) -> None:
    """Raise _Wrong unless ``word`` is a sign and ``known`` flags."""
    sign = word[:1]
    if sign not in SIGNS:
        raise _Wrong(f"bad flag-op {_shown(sign or bytes(1))}, at start of {_shown(word)}")
    for flag in word[1:]:
        if flag not in known:
            raise _Wrong(f"unknown flag '{_shown(bytes([flag]))}'")


def _pairs(words: list[bytes]) -> None:
    """Raise _Wrong unless ``words`` are pairs of keyword and value, each keyword once."""
    given: dict[bytes, bytes] = {}
    if len(words) % 2:
        raise _Wrong("expecting pairs of match-spec <value>")
    for keyword, value in zip(words[::2], words[1::2], strict=True):
        _pair(given, keyword, value)


def _pair(given: dict[bytes, bytes], keyword: bytes, value: bytes) -> None:
    if keyword == b"line":
        _lines(given, value)
    elif keyword in ONCE:
        name, colon, more = value.partition(b":") if keyword == b"file" else (value, b"", b"")
        _once(given, keyword, value, kept=name)
        if colon and (more[:1].isalpha() or more.startswith((b"*", b"?"))):
            _once(given, b"func", more, kept=more)
        elif colon:
            _lines(given, more)
    else:
        raise _Wrong(f'unknown keyword "{_shown(keyword)}"')


def _once(given: dict[bytes, bytes], keyword: bytes, value: bytes, *, kept: bytes) -> None:
    if keyword in given:
        old = _shown(given[keyword])
        raise _Wrong(f"match-spec:{_shown(keyword)} val:{old} overridden by {_shown(value)}")
    given[keyword] = kept


def _lines(given: dict[bytes, bytes], value: bytes) -> None:
    """A line or a range of lines, either end of which may be omitted."""
    if b"line" in given:
        raise _Wrong("match-spec: line used 2x")
    first, dash, last = value.partition(b"-")
    low, high = _number(first), _number(last)
    if high and high < low:
        raise _Wrong(f"last-line:{signed(high, 32)} < 1st-line:{signed(low, 32)}")
    if low or dash:  # line 0 counts as missing
        given[b"line"] = value


def _number(text: bytes) -> int:
    if not text:
        return 0
    digits = text.removeprefix(b"+")
    significant = digits.lstrip(b"0") or b"0"
    if not digits.isdigit() or len(significant) > len(str(HIGHEST)) or int(significant) > HIGHEST:
        raise _Wrong(f"bad line-number: {_shown(text)}")
    return int(significant)


def _shown(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")
