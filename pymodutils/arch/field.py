"""Where a value goes: the bits of a word or an instruction, and the values that fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from pymodutils.arch.vector import BYTES, Vector, packed

if TYPE_CHECKING:
    from collections.abc import Sequence

ByteOrder = Literal["little", "big"]
CODES: Final = {1: "B", 2: "H", 4: "I", 8: "Q"}  # struct's letters by bytes; it has none for three


class Bits(NamedTuple):
    """Bits ``high..low`` of the value, ``rounding`` added first, land at bit ``at`` of the word."""

    high: int
    low: int
    at: int
    rounding: int = 0


class Field(NamedTuple):
    """Where the bits of a value sit in the ``size`` bytes at the place; made by ``word`` and ``insn``.

    Instructions that are more than bits of a value (another opcode for negative ones) override ``put``.
    """

    size: int
    parts: tuple[Bits, ...]
    order: ByteOrder | None  # None: the order of the data
    mask: int  # the bits of the word that belong to the field

    @property
    def whole(self) -> bool:
        """Whether nothing of the old word is kept."""
        return self.parts == (Bits(8 * self.size - 1, 0, 0),)

    def put(self, word: int, value: int) -> int:
        """``word`` with ``value`` in the field."""
        word &= ~self.mask
        for high, low, at, rounding in self.parts:
            word |= (value + rounding >> low & (1 << high - low + 1) - 1) << at
        return word

    def get(self, word: int) -> int:
        """The value that the field of ``word`` holds: signed, bits that are not stored are 0."""
        value = 0
        for high, low, at, _ in self.parts:
            value |= (word >> at & (1 << high - low + 1) - 1) << low
        sign = 1 << max(part.high for part in self.parts)
        return (value ^ sign) - sign

    def put_all(self, words: Sequence[int], values: Vector) -> Sequence[int]:
        """``put`` of many, much faster where nothing overrides it; without ``words`` nothing is kept."""
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
        """``get`` of many, much faster where nothing overrides it."""
        if type(self).get is not Field.get or self.size > BYTES:
            return list(map(self.get, words))
        found = packed(words, len(words), "Q")
        value = Vector(0, len(words))
        for high, low, at, _ in self.parts:
            value |= found.moved(at, low, (1 << high - low + 1) - 1)
        return value.signed(1 + max(part.high for part in self.parts)).values()


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
    """A field that is all of ``bits`` bits in the order of the data."""
    return insn(bits // 8, (bits - 1, 0, 0))
