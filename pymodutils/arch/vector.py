"""A column of numbers packed in one large integer, 64 bits each, so that operations apply to all.

Relocation formulas are written for numbers but accept Vectors. Carries out of 64 bits are dropped.
"""

from __future__ import annotations

import sys
from array import array
from functools import lru_cache
from operator import itemgetter
from struct import error, pack
from typing import TYPE_CHECKING, Final, Literal, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pymodutils.arch.range import Range

WORD: Final = 32  # bits
BYTES: Final = 8  # of a number
TOP: Final = 1 << 63
ALL: Final = 2 * TOP - 1
FULL: Final = b"\0" + b"\xff" * 255  # to translate with
MANY: Final = 4096  # numbers that fit in a processor's cache


class Vector:
    """``count`` numbers packed in ``bits``."""

    __slots__ = ("bits", "count")

    def __init__(self, bits: int, count: int) -> None:
        self.bits, self.count = bits, count

    def __add__(self, other: Vector | int) -> Vector:
        first, second, top = self.bits, self._bits(other), self._spread(TOP)
        low = first & ~top, second & ~top
        return Vector(sum(low) ^ (first ^ second) & top, self.count)

    __radd__ = __add__

    def __sub__(self, other: Vector | int) -> Vector:
        first, second, top = self.bits, self._bits(other), self._spread(TOP)
        return Vector((first | top) - (second & ~top) ^ (first ^ second ^ top) & top, self.count)

    def __and__(self, other: Vector | int) -> Vector:
        return Vector(self.bits & self._bits(other), self.count)

    def __or__(self, other: Vector | int) -> Vector:
        return Vector(self.bits | self._bits(other), self.count)

    def __bool__(self) -> NoReturn:
        raise TypeError("of many numbers, some may be true and some not")

    def __eq__(self, _: object) -> NoReturn:
        raise TypeError("of many numbers, some may be equal and some not")

    __hash__ = None  # type: ignore[assignment]

    def moved(self, low: int, at: int, ones: int) -> Vector:
        """The bits of the mask ``ones`` from bit ``low`` on of each number, moved to bit ``at``."""
        found = self.bits >> low - at if low > at else self.bits << at - low
        return Vector(found & self._spread(ones << at), self.count)  # excludes the bits of neighbours

    def signed(self, bits: int) -> Vector:
        """The low ``bits`` of each number, sign-extended."""
        if bits == 8 * BYTES:
            return self
        sign, top = self._spread(1 << bits - 1), self._spread(TOP)
        low = self.bits & self._spread((1 << bits) - 1)
        return Vector(((low ^ sign | top) - sign) ^ top, self.count)

    def within(self, span: Range) -> bool:
        """Whether all signed numbers are in ``span``."""
        size = span.high - span.low
        if size & size - 1:
            values = self.values()
            return span.low <= min(values) and max(values) < span.high
        return not (self - span.low).bits & self._spread(ALL & -size)

    def aligned(self, step: int) -> bool:
        """Whether all numbers are multiples of ``step``, a power of two."""
        return not self.bits & self._spread(step - 1)

    def values(self, code: Literal["q", "Q"] = "q") -> list[int]:
        """The numbers, signed (q) or unsigned (Q)."""
        numbers = array(code, self.bits.to_bytes(BYTES * self.count, "little"))
        if sys.byteorder == "big":
            numbers.byteswap()
        return numbers.tolist()

    def _bits(self, other: Vector | int) -> int:
        return self._spread(other & ALL) if isinstance(other, int) else other.bits

    def _spread(self, value: int) -> int:
        return every(value, self.count).bits


def packed(values: Iterable[int], count: int, code: Literal["q", "Q"] = "q") -> Vector:
    """``count`` values, signed (q) or unsigned (Q); raises OverflowError beyond 64 bits."""
    try:
        raw = pack(f"<{count}{code}", *values)
    except error as cause:
        raise OverflowError(str(cause)) from None
    return Vector(int.from_bytes(raw, "little"), count)


def ones(mask: bytes) -> Vector:
    """A Vector of numbers whose bits are all 1 where ``mask`` is not zero, and all 0 elsewhere."""
    raw, mask = bytearray(BYTES * len(mask)), mask.translate(FULL)
    for at in range(BYTES):
        raw[at::BYTES] = mask
    return Vector(int.from_bytes(raw, "little"), len(mask))


def every(value: int, count: int) -> Vector:
    """A Vector of ``count`` equal values."""
    if count > MANY:
        return Vector(_repeated(value & ALL, count), count)
    return Vector(_kept(value & ALL) >> 8 * BYTES * (MANY - count), count)


@lru_cache(maxsize=256)
def _kept(value: int) -> int:
    return _repeated(value, MANY)


def _repeated(value: int, count: int) -> int:
    return int.from_bytes(value.to_bytes(BYTES, "little") * count, "little")


def taken(column: Sequence[int], indices: Sequence[int]) -> Sequence[int]:
    """What ``column`` has at ``indices``."""
    found: Sequence[int] = (
        itemgetter(*indices)(column) if len(indices) > 1 else [column[at] for at in indices]
    )
    return found


def halves(words: Sequence[int]) -> tuple[list[int], list[int]]:
    """The low and the high 32 bits of ``words`` of 64."""
    found = array("I", array("Q", words).tobytes())
    first, second = found[0::2].tolist(), found[1::2].tolist()
    return (first, second) if sys.byteorder == "little" else (second, first)


def as_signed(words: Sequence[int], bits: Literal[32, 64]) -> list[int]:
    """``words`` of the given width as signed numbers."""
    unsigned, signed = ("I", "i") if bits == WORD else ("Q", "q")
    return array(signed, array(unsigned, words).tobytes()).tolist()
