"""Decode BER like the kernel: lib/asn1_decoder.c, driven by a grammar.

It accepts more than X.690 allows, and in some cases less: lengths have at most two bytes, tags one. For a
choice, the decoder only checks whether anything matched since the last mandatory value; ``matched`` records
that, and determines how a truncated message is handled.
"""

from __future__ import annotations

from errno import EBADMSG, EMSGSIZE
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from pymodutils.signature.rejected import Rejected

if TYPE_CHECKING:
    from collections.abc import Callable

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OID = 0x01, 0x02, 0x03, 0x04, 0x06
UTF8_STRING, IA5_STRING, UTC_TIME, GENERALIZED_TIME = 0x0C, 0x16, 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31
CONTEXT: Final = 0x80  # and the number
CONSTRUCTED: Final = 0x20
HIGH_TAG: Final = 0x1F
INDEFINITE: Final = 0x80
LENGTH_BYTES_SKIPPED: Final = 7  # nesting of skipped values


class Value(NamedTuple):
    """A value: ``data[head:start]`` is tag and length, ``data[start:end]`` the content."""

    tag: int
    head: int
    start: int
    end: int


class Frame(NamedTuple):
    """A constructed value being read."""

    head: int
    start: int
    outer: int  # the end of the enclosing value; also the limit of this one if its length is indefinite
    indefinite: bool


class Reader:
    """Reads the values of ``data`` in order; raises Rejected where the kernel's decoder fails."""

    __slots__ = ("at", "data", "end", "matched")
    LONGEST: ClassVar = 0xFFFF  # bytes of a message
    LENGTH_BYTES: ClassVar = 2
    OPTIONAL: ClassVar = CONSTRUCTED  # bit of the expected tag that is optional

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        if len(data) > self.LONGEST:
            raise Rejected("signature", f"{len(data)} bytes are too long for a message", EMSGSIZE)
        self.data, self.at, self.matched = data, at, False
        self.end = len(data) if end is None else end

    def content(self, value: Value) -> bytes:
        """The content of ``value``."""
        return self.data[value.start : value.end]

    def whole(self, value: Value) -> bytes:
        """``value`` with its tag and length."""
        return self.data[value.head : value.end]

    def take(self, tag: int) -> Value:
        """The next value, which must have ``tag``."""
        return _there(self._next(tag))

    def maybe(self, tag: int) -> Value | None:
        """The next value if it has ``tag``."""
        return None if self.at == self.end else self._next(tag)

    def otherwise(self, tag: int) -> Value | None:
        """The same, if nothing else of the choice was there."""
        return None if self.matched else self.maybe(tag)

    def any(self) -> Value:
        """The next value, whatever its tag."""
        return _there(self._next(None))

    def maybe_any(self) -> Value | None:
        """The next value, if there is any."""
        return None if self.at == self.end else self._next(None)

    def chosen(self) -> None:
        """Raise Rejected unless an alternative of the choice was present."""
        if not self.matched:
            raise _bad(self.at)

    def enter(self, tag: int) -> Frame:
        """Enter the next value, which must have ``tag``."""
        frame = self._enter(tag)
        if frame is None:
            raise _bad(self.at)
        return frame

    def maybe_enter(self, tag: int) -> Frame | None:
        """Enter the next value if it has ``tag``."""
        return None if self.at == self.end else self._enter(tag)

    def otherwise_enter(self, tag: int) -> Frame | None:
        """The same, if nothing else of the choice was there."""
        return None if self.matched else self.maybe_enter(tag)

    def leave(self, frame: Frame) -> Value:
        """Leave ``frame``, which must be at its end; return its value."""
        end = self.at
        if frame.indefinite:
            if self.data[end : min(end + 2, self.end)] != b"\0\0":
                raise _bad(end)
            self.at += 2
        elif end != self.end:
            raise _bad(end)
        self.end = frame.outer
        return Value(0, frame.head, frame.start, end)

    def each(self, frame: Frame, read: Callable[[], object]) -> Value:
        """``read`` the one or more values in ``frame``, and leave it."""
        read()
        while self._more(frame):
            read()
        return self.leave(frame)

    def inside(self, frame: Frame | None, read: Callable[[], object]) -> None:
        """``read`` the one or more values in ``frame``, if there is one."""
        if frame is not None:
            self.each(frame, read)
            self.matched = True

    def either(self, first: int, second: int, read: Callable[[], object]) -> None:
        """``read`` the content of the value with one of two tags, if there is one."""
        self.inside(self.maybe_enter(first) or self.otherwise_enter(second), read)

    def _more(self, frame: Frame) -> bool:
        if not frame.indefinite:
            return self.at < self.end
        if self.end - self.at < 2:  # noqa: PLR2004 -- the two bytes that end it
            raise _bad(self.at)
        return self.data[self.at] != 0

    def _enter(self, tag: int) -> Frame | None:
        head = self.at
        found = self._header(tag)
        if found is None:
            return None
        length, indefinite = found
        frame = Frame(head, self.at, self.end, indefinite)
        if not indefinite:
            self.end = self.at + length
        return frame

    def _next(self, tag: int | None) -> Value | None:
        head = self.at
        found = self._header(tag)
        if found is None:
            return None
        length, indefinite = found
        start = self.at
        self.at = _end_of_contents(self.data, start, self.end) if indefinite else start + length
        return Value(self.data[head], head, start, self.at)

    def _header(self, tag: int | None) -> tuple[int, bool] | None:
        """Skip tag and length; return the length, and whether it is indefinite; None for another tag."""
        self.matched = False
        if self.end - self.at < 2:  # noqa: PLR2004 -- a tag and a length
            raise _bad(self.at)
        found = self.data[self.at]
        if found & HIGH_TAG == HIGH_TAG:
            raise _bad(self.at)
        if tag is not None and (found ^ tag) & ~(tag & self.OPTIONAL):
            return None
        self.matched = True
        length = self.data[self.at + 1]
        self.at += 2
        if length == INDEFINITE:
            if not found & CONSTRUCTED or self.end - self.at < 2:  # noqa: PLR2004 -- see _more
                raise _bad(self.at)
            return 0, True
        if length > INDEFINITE:
            length, self.at = _long(self.data, self.at, length - INDEFINITE, self.LENGTH_BYTES, self.end)
        if length > self.end - self.at:
            raise _bad(self.at)
        return length, False


def _long(data: bytes, at: int, count: int, most: int, end: int) -> tuple[int, int]:
    """A length of ``count`` bytes, and the offset after it."""
    if count > most or count > end - at:
        raise _bad(at)
    return int.from_bytes(data[at : at + count], "big"), at + count


def _end_of_contents(data: bytes, at: int, end: int) -> int:
    """The end of a value of indefinite length with content at ``at``, including its two zeros."""
    level = 1
    while level:
        if end - at < 2:  # noqa: PLR2004 -- a tag and a length
            raise _bad(at)
        tag, at = data[at], at + 1
        if tag & HIGH_TAG == HIGH_TAG:
            at = _long_tag(data, at, end)
        length, at = data[at], at + 1
        if not tag:
            if length:
                raise _bad(at)
            level -= 1
        elif length == INDEFINITE:
            if not tag & CONSTRUCTED:
                raise _bad(at)
            level += 1
        else:
            if length > INDEFINITE:
                length, at = _long(data, at, length - INDEFINITE, LENGTH_BYTES_SKIPPED, end)
            if length > end - at:
                raise _bad(at)
            at += length
    return at


def _long_tag(data: bytes, at: int, end: int) -> int:
    while True:
        if end - at < 2:  # noqa: PLR2004 -- one byte of the tag, and the length
            raise _bad(at)
        at += 1
        if not data[at - 1] & 0x80:
            return at


def _there(value: Value | None) -> Value:
    if value is None:
        raise Rejected("signature", "another value was expected", EBADMSG)
    return value


def _bad(at: int) -> Rejected:
    return Rejected("signature", f"the encoding is damaged at byte {at}", EBADMSG)
