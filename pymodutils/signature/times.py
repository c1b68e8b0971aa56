"""Times in certificates and messages; x509_decode_time() of crypto/asymmetric_keys."""

from __future__ import annotations

from typing import Final

from pymodutils.signature.ber import GENERALIZED_TIME, UTC_TIME
from pymodutils.signature.rejected import Rejected

DIGITS: Final = {UTC_TIME: 12, GENERALIZED_TIME: 14}
CENTURIES: Final = 50  # two-digit years from here on are in the 20th century
FIRST: Final = 1970
MONTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
LIMITS: Final = (24, 59, 60)  # hour, minute, second: midnight at the end of a day, and leap seconds
DAY: Final = 86400  # seconds


def seconds(tag: int, text: bytes) -> int:
    """The time ``text`` in seconds since 1970; raises Rejected for an invalid time."""
    if tag not in DIGITS or len(text) != DIGITS[tag] + 1 or not text[:-1].isdigit() or text[-1:] != b"Z":
        raise Rejected("signature", "a time is damaged")
    *years, month, day, hour, minute, second = (int(text[at : at + 2]) for at in range(0, len(text) - 1, 2))
    year = _year(years)
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if year < FIRST or not 1 <= month <= len(MONTHS):
        raise Rejected("signature", "a time is not possible")
    lengths = [days + (leap and at == 1) for at, days in enumerate(MONTHS)]
    over = any(value > limit for value, limit in zip((hour, minute, second), LIMITS, strict=True))
    if not 1 <= day <= lengths[month - 1] or over:
        raise Rejected("signature", "a time is not possible")
    before = year - 1
    days = before * 365 + before // 4 - before // 100 + before // 400 - 719162  # those before 1970
    return (days + sum(lengths[: month - 1]) + day - 1) * DAY + hour * 3600 + minute * 60 + second


def _year(digits: list[int]) -> int:
    if len(digits) == 1:
        return digits[0] + (1900 if digits[0] >= CENTURIES else 2000)
    year = digits[0] * 100 + digits[1]
    if 1950 <= year <= 2049:  # noqa: PLR2004 -- years that must have two digits
        raise Rejected("signature", "a time is written with a century that it must not have")
    return year
