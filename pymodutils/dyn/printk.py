"""Format messages like printk."""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

CONVERSION: Final = re.compile(
    r"%(?P<flags>[-+ #0]*)(?P<width>\d*)(?:\.(?P<precision>\d+))?(?P<size>hh|h|ll|l|z)?(?P<kind>[%cdiopsuxX])"
)
LEVEL: Final = re.compile(r"<([0-7])>")
DEFAULT: Final = 4


class Varargs(NamedTuple):
    """The arguments of a call: words by index, strings by address, the width of a long."""

    word: Callable[[int], int]
    string: Callable[[int], str]
    bits: int


def printk(arguments: Varargs) -> tuple[int, str]:
    """The level and the text of a message."""
    form = arguments.string(arguments.word(0))
    found = LEVEL.match(form)
    indices = count(1)

    def convert(one: re.Match[str]) -> str:
        if one["kind"] == "%":
            return "%"
        return _converted(one, arguments.word(next(indices)), arguments)

    text = CONVERSION.sub(convert, form[found.end() if found else 0 :])
    return int(found[1]) if found else DEFAULT, text


def _converted(one: re.Match[str], value: int, arguments: Varargs) -> str:
    flags, width, precision, kind = one["flags"], one["width"], one["precision"], one["kind"]
    if kind == "s":
        text = arguments.string(value)[: int(precision) if precision else None]
        return text.ljust(int(width or 0)) if "-" in flags else text.rjust(int(width or 0))
    if kind == "c":
        return chr(value & 0xFF)
    if kind == "p":
        return f"{value:0{arguments.bits // 4}x}"
    wide = arguments.bits if one["size"] in ("l", "ll", "z") else 32
    value &= (1 << wide) - 1
    if kind in "di":
        value -= value >> wide - 1 << wide
    dot = f".{precision}" if precision else ""
    return f"%{flags}{width}{dot}{'d' if kind in 'diu' else kind}" % value
