"""if, elseif, else and endif of modules.conf."""

from __future__ import annotations

import operator
import os
import re
from typing import TYPE_CHECKING, Any, Final

from pymodutils.errors import ModutilsError
from pymodutils.linux24.conf.words import split

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.linux24.conf.words import Expander

DEEPEST: Final = 20
FALSE: Final = ("", "0", "false")
COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
NUMBER: Final = re.compile(r"\s*([-+]?)(0[xX][0-9a-fA-F]+|[0-9]+)")
NO, YES, DONE = 0, 1, 2  # states of a level: not true so far, true now, true before


class Conditions:
    """Which lines are active; only the innermost ``if`` counts, as in modutils. ``path`` is for errors."""

    def __init__(self, path: str, expander: Expander, *, autoclean: bool) -> None:
        self.path, self.expander, self.autoclean = path, expander, autoclean
        self.levels = [YES]

    @property
    def is_true(self) -> bool:
        """Whether the current lines are active."""
        return self.levels[-1] == YES

    def take(self, word: str, rest: str, number: int) -> bool:
        """Whether line ``number`` is one of these four, which are then processed; raises ModutilsError."""
        if word not in ("if", "elseif", "else", "endif"):
            return False
        if word == "if":
            if len(self.levels) > DEEPEST:
                raise ModutilsError(self.path, f"Too many nested if's in line {number}\n")
            self.levels.append(int(self._holds(rest)))
            return True
        if len(self.levels) == 1:
            what = "unmatched endif" if word == "endif" else f"{word} without if"
            raise ModutilsError(self.path, f"{what} in line {number}")
        if word == "endif":
            self.levels.pop()
        elif word == "else":
            self.levels[-1] = int(self.levels[-1] == NO)
        else:
            self.levels[-1] = DONE if self.levels[-1] else int(self._holds(rest))
        return True

    def _holds(self, rest: str) -> bool:
        words = split(rest)
        wanted = words[:1] != ["!"]
        words = words if wanted else words[1:]
        if words[:1] == ["-k"]:
            return self.autoclean  # "!" is ignored
        if words[:1] == ["-f"]:
            return os.access(self.expander.word(" ".join(words[1:2])), os.R_OK) == wanted
        numeric = words[:1] == ["-n"]
        words = words[1:] if numeric else words
        if len(words) == 1:
            return (self.expander.word(words[0]) not in FALSE) == wanted
        return self._compare(words, numeric=numeric) == wanted

    def _compare(self, words: list[str], *, numeric: bool) -> bool:
        left, how, right = (*words, "", "", "")[:3]
        values: list[object] = [self.expander.word(text) for text in (left, right)]
        if numeric:
            values = [_number(str(value)) for value in values]
        compare = COMPARE.get(how)
        return compare is not None and compare(values[0], values[1])


def _number(text: str) -> int:
    """``text`` as parsed by strtol in base 0."""
    found = NUMBER.match(text)
    if not found:
        return 0
    sign = -1 if found[1] == "-" else 1
    digits = found[2]
    if digits[:2].lower() == "0x":
        return sign * int(digits, 16)
    octal = re.match("0[0-7]*", digits)
    return sign * (int(octal[0], 8) if octal else int(digits))
