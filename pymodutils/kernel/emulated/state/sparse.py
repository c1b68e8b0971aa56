"""The contents of memory as they are stored: without long runs of zeros, which .bss is made of.

A stored content is a row of runs, each its offset and its length (64 bits, little endian) and its bytes.
"""

from __future__ import annotations

from struct import Struct, error
from typing import TYPE_CHECKING, Final

from pymodutils.blank import blank

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.blank import Blank

BLOCK: Final = 1 << 16  # bytes that are looked at together
ZEROS: Final = bytes(BLOCK)
RUN: Final = Struct("<QQ")


def packed(content: Blank) -> bytes:
    """``content`` as it is stored."""
    with memoryview(content) as view:  # whose parts are no copies
        parts: list[bytes | memoryview] = []
        for start, end in _runs(content):
            parts += [RUN.pack(start, end - start), view[start:end]]
        stored = b"".join(parts)
        parts.clear()
    return stored


def _runs(content: Blank) -> Iterator[tuple[int, int]]:
    """Start and end of each row of blocks that are not all zeros."""
    start = -1
    for at in range(0, len(content), BLOCK):
        block = content[at : at + BLOCK]
        empty = block == (ZEROS if len(block) == BLOCK else ZEROS[: len(block)])
        if empty and start >= 0:
            yield start, at
            start = -1
        elif not empty and start < 0:
            start = at
    if start >= 0:
        yield start, len(content)


def unpacked(stored: bytes, size: int) -> Blank:
    """The ``size`` bytes of which ``stored`` tells; raises ValueError if it is damaged."""
    content, at = blank(size), 0
    while at < len(stored):
        try:
            start, length = RUN.unpack_from(stored, at)
        except error:
            raise ValueError("the contents of an area are cut off") from None
        at += RUN.size
        if start + length > size or at + length > len(stored):
            raise ValueError("the contents of an area are larger than it")
        content[start : start + length] = stored[at : at + length]
        at += length
    return content
