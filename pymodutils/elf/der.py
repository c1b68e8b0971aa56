"""A reader of ASN.1's basic encoding (X.690), as far as a signature needs it: no values, only structure.

Definite and indefinite lengths are read; high tag numbers are not, since nothing here has one.
"""

from __future__ import annotations

from typing import Final, Self

from pymodutils.errors import ModutilsError

INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
OID: Final = 0x06
UTF8_STRING: Final = 0x0C
SEQUENCE: Final = 0x30
SET: Final = 0x31
CONTEXT_0: Final = 0xA0
CONTEXT_1: Final = 0xA1

INDEFINITE: Final = 0x80
CONSTRUCTED: Final = 0x20
HIGH_TAG: Final = 0x1F
DEEPEST: Final = 30  # OpenSSL's limit of nested constructed values


class Damaged(ModutilsError):
    """The bytes are not what an encoder writes; the caller shows no signature then."""

    def __init__(self, at: int) -> None:
        super().__init__("DER", f"the encoding is damaged at byte {at}")


class Reader:
    """The values one after the other between two offsets of ``data``; every method moves on.

    Raises Damaged for another tag than the expected one and for a length that leaves the enclosing value.
    """

    __slots__ = ("_at", "_data", "_end")

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        self._data, self._at = data, at
        self._end = len(data) if end is None else end

    @property
    def more(self) -> bool:
        """Whether a value follows."""
        return self._at < self._end

    def enter(self, tag: int) -> Self:
        """A reader of what is inside the next value."""
        start, end = self.place(tag)
        return type(self)(self._data, start, end)

    def take(self, tag: int) -> bytes:
        """The content of the next value."""
        start, end = self.place(tag)
        return self._data[start:end]

    def skip(self, tag: int) -> None:
        """Pass over the next value if it has ``tag``: an optional one."""
        if self._at < self._end and self._data[self._at] == tag:
            self.place(tag)

    def take_any(self) -> tuple[int, bytes]:
        """The tag and the content of the next value."""
        if self._at >= self._end:
            raise Damaged(self._at)
        tag = self._data[self._at]
        return tag, self.take(tag)

    def place(self, tag: int) -> tuple[int, int]:
        """Where the content of the next value starts and ends."""
        if self._at >= self._end or self._data[self._at] != tag:
            raise Damaged(self._at)
        start, end, self._at = _extent(self._data, self._at, self._end)
        return start, end


def _extent(data: bytes, at: int, limit: int, depth: int = 0) -> tuple[int, int, int]:
    """Where the content of the value at ``at`` starts and ends, and where the next value starts."""
    if at + 2 > limit or depth > DEEPEST or data[at] & HIGH_TAG == HIGH_TAG:
        raise Damaged(at)
    start, length = at + 2, data[at + 1]
    if length == INDEFINITE and data[at] & CONSTRUCTED:
        end = _end_of_contents(data, start, limit, depth)
        return start, end, end + 2
    if length >= INDEFINITE:
        start += length & 0x7F
        if length == INDEFINITE or start > limit:
            raise Damaged(at)
        length = int.from_bytes(data[at + 2 : start], "big")
    end = start + length
    if end > limit:
        raise Damaged(at)
    return start, end, end


def _end_of_contents(data: bytes, at: int, limit: int, depth: int) -> int:
    while data[at : at + 2] != b"\0\0":
        at = _extent(data, at, limit, depth + 1)[2]
    if at + 2 > limit:
        raise Damaged(at)
    return at


def dotted(oid: bytes) -> str:
    """The content of an object identifier as the numbers that people write; raises Damaged."""
    if not oid or oid[-1] & 0x80:
        raise Damaged(0)
    arcs, arc = [], 0
    for byte in oid:
        arc = arc << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(arc)
            arc = 0
    top = min(arcs[0] // 40, 2)
    return ".".join(map(str, [top, arcs[0] - 40 * top, *arcs[1:]]))


def magnitude(integer: bytes) -> bytes:
    """The absolute value of an INTEGER's content in as few bytes as hold it; 0 has none.

    Raises Damaged for an integer without bytes or with superfluous ones.
    """
    value = int.from_bytes(integer, "big", signed=True)
    shortest = (value + (value < 0)).bit_length() // 8 + 1
    if len(integer) != shortest:
        raise Damaged(0)
    return abs(value).to_bytes((abs(value).bit_length() + 7) // 8, "big")
