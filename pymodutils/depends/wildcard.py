"""fnmatch(3) without flags, as glibc does it in the C locale: what kmod's patterns mean.

Python's fnmatch differs: it knows neither backslashes nor ``[^...]`` nor ``[[:alpha:]]``.
"""

from __future__ import annotations

from typing import Final

LITERAL, NEVER = 0, -1  # instead of where a bracket ends: ``[`` stands for itself, nothing can match
CLASSES: Final = {
    "alnum": str.isalnum,
    "alpha": str.isalpha,
    "blank": " \t".__contains__,
    "cntrl": lambda char: char < " " or char == "\x7f",
    "digit": str.isdigit,
    "graph": lambda char: "!" <= char <= "~",
    "lower": str.islower,
    "print": lambda char: " " <= char <= "~",
    "punct": lambda char: "!" <= char <= "~" and not char.isalnum(),
    "space": " \t\n\v\f\r".__contains__,
    "upper": str.isupper,
    "xdigit": "0123456789abcdefABCDEF".__contains__,
}


def matches(pattern: str, text: str) -> bool:
    """Whether ``pattern`` matches all of ``text``, byte by byte."""
    if not (pattern.isascii() and text.isascii()):
        pattern, text = (
            word.encode("utf-8", "surrogateescape").decode("latin-1") for word in (pattern, text)
        )
    at = seen = retry = 0
    star = -1
    while True:
        if at < len(pattern) and pattern[at] == "*":
            star, retry = at, seen
            at += 1
        elif at < len(pattern) and seen < len(text) and (after := _one(pattern, at, text[seen])):
            at = after
            seen += 1
        elif at == len(pattern) and seen == len(text):
            return True
        elif star < 0 or retry == len(text):
            return False
        else:
            retry += 1
            seen = retry
            at = star + 1


def _one(pattern: str, at: int, char: str) -> int:
    """Where the pattern goes on if its piece at ``at`` matches ``char``, else 0."""
    wanted = pattern[at]
    if wanted in (char, "?") and wanted not in "[\\":
        return at + 1
    if wanted == "\\":
        return at + 2 if pattern[at + 1 : at + 2] == char else 0
    if wanted == "[":
        end, hit = _bracket(pattern, at + 1, char)
        if end == LITERAL:
            return at + 1 if char == "[" else 0
        return end if hit else 0
    return 0


def _bracket(pattern: str, at: int, char: str) -> tuple[int, bool]:
    """The end of the bracket with its inside at ``at`` (or LITERAL, NEVER), and whether it has ``char``."""
    negated = pattern[at : at + 1] in ("!", "^")
    at += negated
    first = at
    hit = False
    while at == first or pattern[at : at + 1] != "]":
        if at >= len(pattern):
            return LITERAL, False
        at, has = _member(pattern, at, char)
        if at == NEVER:
            return NEVER, False
        hit = hit or has
    return at + 1, hit != negated


def _member(pattern: str, at: int, char: str) -> tuple[int, bool]:
    """The end of the class, range or character at ``at`` (or NEVER), and whether it has ``char``."""
    if pattern.startswith("[:", at):
        name, closed, _ = pattern[at + 2 :].partition(":]")
        if closed and name.isalpha() and name.islower():
            belongs = CLASSES.get(name)
            return (at + len(name) + 4, belongs(char)) if belongs else (NEVER, False)
    if pattern.startswith("[=", at) and pattern[at + 3 : at + 5] == "=]":
        return at + 5, pattern[at + 2] == char
    at, low = _edge(pattern, at)
    if at == NEVER or pattern[at : at + 1] != "-" or pattern[at + 1 : at + 2] == "]":
        return at, low == char
    at, high = _edge(pattern, at + 1)
    return at, low <= char <= high


def _edge(pattern: str, at: int) -> tuple[int, str]:
    """The end (or NEVER) and the value of the character at ``at``, plain, escaped or as ``[.x.]``."""
    if pattern.startswith("[.", at):
        name, closed, _ = pattern[at + 2 :].partition(".]")
        return (at + 5, name) if closed and len(name) == 1 else (NEVER, "")
    if pattern.startswith("\\", at):
        at += 1
    return (at + 1, pattern[at]) if at < len(pattern) else (NEVER, "")
