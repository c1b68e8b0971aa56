"""Fields for values: the bits of a word or an instruction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from pymodutils.arch.vector import BYTES, Vector, packed

if TYPE_CHECKING:
    from collections.abc import Sequence

ByteOrder = Literal["little", "big"]
CODES: Final = {1: "B", 2: "H", 4: "I", 8: "Q"}  # struct's letters by size; there is none for three bytes


class Bits(NamedTuple):
    """Bits ``high..low`` of the value, after adding ``rounding``, go to bit ``at`` of the word."""

    high: int
    low: int
    at: int
    rounding: int = 0


class Field(NamedTuple):
    """The position of the bits of a value in the ``size`` bytes at the place; see ``word`` and ``insn``.

    Instructions that need more than inserting bits, such as another opcode for negative values, override
    ``put``.
    """

    size: int
    parts: tuple[Bits, ...]
    order: ByteOrder | None  # None: the order of the data
    mask: int  # the bits of the word that belong to the field

    @property
    def whole(self) -> bool:
        """Whether the old word is replaced completely."""
        return self.parts == (Bits(8 * self.size - 1, 0, 0),)

    def put(self, word: int, value: int) -> int:
        """``word`` with ``value`` in the field."""
        word &= ~self.mask
        for high, low, at, rounding in self.parts:
            word |= (value + rounding >> low & (1 << high - low + 1) - 1) << at
        return word

    def get(self, word: int) -> int:
        """The signed value in the field of ``word``; bits that are not stored are 0."""
        value = 0
        for high, low, at, _ in self.parts:
            value |= (word >> at & (1 << high - low + 1) - 1) << low
        sign = 1 << max(part.high for part in self.parts)
        return (value ^ sign) - sign

    def put_all(self, words: Sequence[int], values: Vector) -> Sequence[int]:
        """``put`` for many values, much faster if not overridden; without ``words`` it replaces the words."""
        if type(self).put is not Field.put or self.size > BYTES:
            return list(map(self.put, words, values.values()))
        if self.whole:
            return (values & (1 << 8 * self.size) - 1).values("Q")
        result = packed(words, values.count, "Q") & ~self.mask
        for high, low, at, rounding in self.parts:
            rounded = values + rounding if rounding else values
            result |= rounded.moved(low, at, (1 << high - low + 1) - 1)
        return result.values("Q")

    def get_all(self, words: Sequence[int]) -> Sequence[int]:
        """``get`` for many words, much faster if not overridden."""
        if not self.plain:
            return list(map(self.get, words))
        return self.gathered(packed(words, len(words), "Q")).values()

    def gathered(self, words: Vector) -> Vector:
        """``get`` for many words, if it is not overridden."""
        value = Vector(0, words.count)
        for high, low, at, _ in self.parts:
            value |= words.moved(at, low, (1 << high - low + 1) - 1)
        return value.signed(1 + max(part.high for part in self.parts))

    @property
    def plain(self) -> bool:
        """Whether ``get`` is not overridden, and a word fits in a Vector."""
        return type(self).get is Field.get and self.size <= BYTES


def insn(
    size: int, *parts: tuple[int, ...], order: ByteOrder | None = None, kind: type[Field] = Field
) -> Field:
    """A field of ``size`` bytes; each of ``parts`` is (high, low, at) or (high, low, at, rounding)."""
    bits = tuple(Bits(*part) for part in parts)
    mask = 0
    for part in bits:
        mask |= (1 << part.high - part.low + 1) - 1 << part.at
    return kind(size, bits, order, mask)


def word(bits: int) -> Field:
    """A field of all ``bits`` bits in data byte order."""
    return insn(bits // 8, (bits - 1, 0, 0))
