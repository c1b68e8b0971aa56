"""Zeroed memory; large areas cost nothing until touched."""

from __future__ import annotations

import mmap
from typing import Final

Blank = bytearray | mmap.mmap

LARGE: Final = 1 << 20  # bytes from which on anonymous pages are used


PIECE: Final = 1 << 16  # bytes that are compared at once
ZEROS: Final = bytes(PIECE)


def is_blank(memory: memoryview) -> bool:
    """Whether all bytes of ``memory`` are 0."""
    starts = range(0, len(memory), PIECE)
    return all(memory[at : at + PIECE] == ZEROS[: len(memory) - at] for at in starts)


def blank(size: int) -> Blank:
    """``size`` zero bytes."""
    if size < LARGE:
        return bytearray(size)
    return mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
