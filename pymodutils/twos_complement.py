"""Signed numbers, as a word of a machine holds them."""

from __future__ import annotations


def signed(value: int, bits: int) -> int:
    """The low ``bits`` of ``value`` as a signed number."""
    half = 1 << bits - 1
    return (value + half & 2 * half - 1) - half
