"""Relative relocations as addresses and bitmaps (SHT_RELR), found in a raw image.

They refer to places that contain their value, an address of the image. The gABI has the encoding.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STEP: Final = 128  # words between two samples of the image
FEWEST: Final = 1000  # bitmaps of a table
WORD: Final = 8
BITS: Final = 63  # of a bitmap
KERNEL: Final = 0xFFFF << 48  # the upper bits of a kernel's addresses


def places(data: bytes, most: int) -> list[int]:
    """About ``most`` of the places that the table in ``data`` refers to; [] without a table."""
    words = array("Q", data[: len(data) & -WORD])
    start, stop = _longest(words)
    found = list(_decoded(words[start:stop]))
    return found[:: max(1, len(found) // most)]


def _longest(words: Sequence[int]) -> tuple[int, int]:
    """The sequence of words that may be in a table with the most bitmaps."""
    best, most, end = (0, 0), FEWEST, 0
    for sample in range(0, len(words), STEP):
        if sample < end or not _may_be(words[sample]):
            continue
        start, end = sample, sample + 1
        while end < len(words) and _may_be(words[end]):
            end += 1
        if end - start < STEP:
            continue
        while start > 0 and _may_be(words[start - 1]):
            start -= 1
        bitmaps = sum(word & 1 for word in words[start:end])
        if bitmaps > most:
            best, most = (start, end), bitmaps
    return best


def _may_be(word: int) -> bool:
    """Whether ``word`` is a bitmap, or an address of a kernel."""
    return bool(word & 1) or (word & KERNEL == KERNEL and not word % WORD)


def _decoded(words: Sequence[int]) -> Iterator[int]:
    place = 0
    for word in words:
        if not word & 1:
            yield word
            place = word + WORD
        elif place:
            yield from (place + WORD * bit for bit in range(BITS) if word >> bit + 1 & 1)
            place += BITS * WORD
