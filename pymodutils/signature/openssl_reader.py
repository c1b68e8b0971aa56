"""Read BER within OpenSSL's limits, for modinfo."""

from __future__ import annotations

from typing import ClassVar, Self

from pymodutils.signature.ber import INDEFINITE, Reader


class OpensslReader(Reader):
    """Reads BER as OpenSSL does: longer messages, no optional constructed bit."""

    __slots__ = ()
    LONGEST: ClassVar = 1 << 32
    LENGTH_BYTES: ClassVar = 4
    OPTIONAL: ClassVar = 0

    @property
    def more(self) -> bool:
        """Whether a value follows."""
        return self.at < self.end

    def within(self, tag: int) -> Self:
        """Skip the next value, which must have ``tag``; return a reader of its content."""
        value = self.take(tag)
        indefinite = value.start - value.head == 2 and self.data[value.start - 1] == INDEFINITE  # noqa: PLR2004 -- tag and 0x80
        return type(self)(self.data, value.start, value.end - 2 * indefinite)
