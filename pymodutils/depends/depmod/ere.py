"""POSIX extended regular expressions, with GNU's additions, as Python's: depmod.d names kernels by them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLASSES: Final = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "blank": r" \t",
    "space": r"\s",
    "cntrl": r"\x00-\x1f\x7f",
    "graph": "!-~",
    "print": " -~",
    "xdigit": "0-9a-fA-F",
    "punct": "!-/:-@\\[-`{-~",
}
_ESCAPES: Final = {
    **{f"\\{letter}": f"\\{letter}" for letter in "wWsSbB123456789"},
    "\\<": r"\b(?=\w)",
    "\\>": r"\b(?<=\w)",
    "\\`": r"\A",
    "\\'": r"\Z",
}
_TOKEN: Final = re.compile(
    r"(?P<bracket>\[(?P<negated>\^?)(?P<members>\]?(?:\[(?P<kind>[.:=]).*?(?P=kind)\]|(?!\[[.:=])[^]])*)\])"
    r"|(?P<escape>\\.)|(?P<repeat>[*+?]|\{(?:\d+(?:,\d*)?|,\d+)\})|(?P<other>.)",
    re.DOTALL,
)
_MEMBER: Final = re.compile(r"\[([.:=])(.*?)\1\](-(?!$))?|(.)", re.DOTALL)


def search(pattern: str, text: str) -> bool:
    """Whether ``pattern`` matches anywhere in ``text``; one that is no regular expression does not."""
    try:
        return re.search(translated(pattern), text) is not None
    except re.error:
        return False


def translated(pattern: str) -> str:
    """``pattern`` as Python writes it; raises re.error."""
    groups: list[list[str]] = [[]]
    for found in _TOKEN.finditer(pattern):
        atoms, part = groups[-1], found[0]
        if found["repeat"]:
            if not atoms or atoms[-1] in ("|", "^", "$"):
                raise re.error(f"nothing to repeat: {part}")
            atoms[-1] = f"(?:{atoms[-1]}){part}"
        elif part == "(":
            groups.append([])
        elif part == ")" and len(groups) > 1:
            inner = "".join(groups.pop())
            groups[-1].append(f"({inner})")
        else:
            atoms.append(_atom(found))
    if len(groups) > 1:
        raise re.error("a group without an end")
    return "".join(groups[0])


def _atom(found: re.Match[str]) -> str:
    part = found[0]
    if found["bracket"]:
        return f"[{found['negated']}{''.join(_members(found['members']))}]"
    if found["escape"]:
        return _ESCAPES.get(part) or re.escape(part[1])
    if part in "[{\\":
        raise re.error(f"{part} without an end")
    return part if part in ".^$|" else re.escape(part)


def _members(text: str) -> Iterator[str]:
    """The parts of a bracket expression, in which a backslash is nothing special."""
    for kind, name, ranged, character in _MEMBER.findall(text):
        if character:
            yield character if character == "-" else re.escape(character)
        elif kind != ":":
            yield re.escape(name) + ranged
        elif ranged or name not in _CLASSES:
            raise re.error(f"no such class, or not in a range: {name}")
        else:
            yield _CLASSES[name]
