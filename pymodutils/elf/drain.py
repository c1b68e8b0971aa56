"""Decompress in pieces: the output is in memory once, and each piece can be accounted for."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO, Protocol

    from pymodutils.mapped import Contents

    class Decompressor(Protocol):
        """The common interface of the decompressors of all libraries."""

        @property
        def eof(self) -> bool:
            """Whether the stream is complete."""
            ...

        @property
        def needs_input(self) -> bool:
            """Whether it needs more input to continue."""
            ...

        @property
        def unused_data(self) -> bytes:
            """What of the input stands after the stream."""
            ...

        def decompress(self, data: memoryview, max_length: int, /) -> bytes:
            """At most ``max_length`` bytes of the stream."""
            ...


FED, DRAINED = 1 << 12, 1 << 20  # bytes of the first input, which grows, and of each output


class Gzip:
    """zlib's decompressor with the interface of the other libraries."""

    def __init__(self, wbits: int = 31) -> None:
        self._stream = zlib.decompressobj(wbits)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        """Whether the stream is complete."""
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        """What of the input stands after the stream."""
        return self._stream.unused_data

    def decompress(self, data: memoryview, max_length: int, /) -> bytes:
        """At most ``max_length`` bytes of the stream."""
        found = self._stream.decompress(self._stream.unconsumed_tail + bytes(data), max_length)
        self.needs_input = not self._stream.unconsumed_tail and len(found) < max_length
        return found


def drain(
    stream: Decompressor, data: Contents, at: int, found: IO[bytes], spend: Callable[[int], object]
) -> int:
    """Append the output of ``stream`` for ``data`` from ``at`` on to ``found``; return the end of the stream.

    ``spend`` is called with the size of each piece before it is stored, and may raise. ``eof`` tells whether
    the stream is complete.
    """
    view, fed = memoryview(data), FED
    while not stream.eof and (at < len(data) or not stream.needs_input):
        part = view[at : at + fed] if stream.needs_input else view[:0]
        piece = stream.decompress(part, DRAINED)
        spend(len(piece))
        found.write(piece)
        at, fed = at + len(part), min(2 * fed, DRAINED)
    return at - len(stream.unused_data)
