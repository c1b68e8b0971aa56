"""Ranges of values or addresses: of fields, branches, memory."""

from __future__ import annotations

from typing import NamedTuple


class Range(NamedTuple):
    """Values or addresses: ``low <= value < high``."""

    low: int
    high: int

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int) and self.low <= value < self.high


def signed(bits: int, rounding: int = 0) -> Range:
    """The range of signed ``bits`` after adding ``rounding``."""
    half = 1 << bits - 1
    return Range(-half - rounding, half - rounding)


def unsigned(bits: int) -> Range:
    """The range of unsigned ``bits``."""
    return Range(0, 1 << bits)
