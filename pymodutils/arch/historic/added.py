"""Fields to which old loaders add a value instead of storing it."""

from __future__ import annotations

from pymodutils.arch.field import Field


class Added(Field):
    """The bits of the value are added to the word, and may carry into the rest of it."""

    def put(self, word: int, value: int) -> int:
        """``word`` with ``value`` added."""
        return word + super().put(0, value) & (1 << 8 * self.size) - 1


class AddedWithin(Field):
    """The bits of the value are added to those of the field; the rest of the word stays."""

    def put(self, word: int, value: int) -> int:
        """``word`` with ``value`` added within the field."""
        return word & ~self.mask | word + super().put(0, value) & self.mask
