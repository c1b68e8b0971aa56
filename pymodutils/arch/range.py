"""Values or addresses from one to another: what a field holds, how far a branch reaches, where memory is."""

from __future__ import annotations

from typing import NamedTuple


class Range(NamedTuple):
    """Values or addresses: ``low <= value < high``."""

    low: int
    high: int

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int) and self.low <= value < self.high


def signed(bits: int, rounding: int = 0) -> Range:
    """What ``bits`` bits hold in two's complement once ``rounding`` is added."""
    half = 1 << bits - 1
    return Range(-half - rounding, half - rounding)


def unsigned(bits: int) -> Range:
    """What ``bits`` bits hold without a sign."""
    return Range(0, 1 << bits)
