"""Parse numbers and booleans; lib/kstrtox.c."""

from __future__ import annotations

from errno import EINVAL, ERANGE
from typing import Final

WIDEST: Final = 1 << 64  # all integers are parsed as this type first
DIGITS: Final = {8: b"01234567", 10: b"0123456789", 16: b"0123456789abcdefABCDEF"}
TRUE, FALSE = b"yYtT1", b"nNfF0"
ENABLED, DISABLED = b"eE", b"dD"


class Invalid(Exception):
    """An invalid parameter value, with the ``errno``."""

    def __init__(self, errno: int) -> None:
        super().__init__(errno)
        self.errno = errno


def integer(text: bytes, low: int, high: int) -> int:
    """The number ``text``, decimal, 0x or octal; raises Invalid unless ``low <= number < high``.

    A minus is allowed for signed types only; a trailing newline is allowed.
    """
    negative = low < 0 and text.startswith(b"-")
    number = _digits(text[1:] if negative or text.startswith(b"+") else text)
    number = -number if negative else number
    if not low <= number < high:
        raise Invalid(ERANGE)
    return number


def _digits(text: bytes) -> int:
    base = 10
    if text.startswith(b"0"):
        base = 8
        if text[1:2] in (b"x", b"X") and text[2:3] and text[2] in DIGITS[16]:
            base, text = 16, text[2:]
    rest = text.lstrip(DIGITS[base])
    digits = text[: len(text) - len(rest)]
    significant = digits.lstrip(b"0")
    if len(significant) > 22 or int(significant or b"0", base) >= WIDEST:  # noqa: PLR2004 -- octal 2**64 - 1
        raise Invalid(ERANGE)
    if not digits or rest not in (b"", b"\n"):
        raise Invalid(EINVAL)
    return int(digits, base)


def truth(text: bytes, *, enabled: bool = False) -> bool:
    """The boolean ``text``; only its first letters matter. Raises Invalid.

    ``enabled``: the kernel also accepts ``enable`` and ``disable``.
    """
    first, second = text[:1], text[1:2]
    yes, no = (TRUE + ENABLED, FALSE + DISABLED) if enabled else (TRUE, FALSE)
    if (first and first in yes) or (first in (b"o", b"O") and second in (b"n", b"N")):
        return True
    if (first and first in no) or (first in (b"o", b"O") and second in (b"f", b"F")):
        return False
    raise Invalid(EINVAL)
