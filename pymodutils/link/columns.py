"""Select symbols by a column of their table: bytes, 1 for each one selected."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from array import array
    from collections.abc import Collection


def among(column: array[int], wanted: Collection[int]) -> bytes:
    """The halfwords of ``column`` that are among ``wanted``."""
    low, high = _planes(column)
    found = 0
    for top in {one >> 8 for one in wanted}:
        lows, tops = (bytes(one | top << 8 in wanted for one in range(256)), _only(top))
        found |= _number(low.translate(lows)) & _number(high.translate(tops))
    return found.to_bytes(len(column), "little")


def both(first: bytes, second: bytes) -> bytes:
    """Those selected by ``first`` and by ``second``."""
    return (_number(first) & _number(second)).to_bytes(len(first), "little")


def nonzero(column: array[int]) -> bytes:
    """The words of ``column`` other than 0."""
    found = 0
    for plane in _planes(column):
        found |= _number(plane)
    return found.to_bytes(len(column), "little").translate(bytes(map(bool, range(256))))


def _planes(column: array[int]) -> list[bytes]:
    """The bytes of each place value of ``column``, lowest first."""
    data, size = column.tobytes(), column.itemsize
    places = range(size) if sys.byteorder == "little" else reversed(range(size))
    return [data[place::size] for place in places]


def _only(byte: int) -> bytes:
    return bytes(one == byte for one in range(256))


def _number(plane: bytes) -> int:
    return int.from_bytes(plane, "little")
