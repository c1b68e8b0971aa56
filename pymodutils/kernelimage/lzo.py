"""LZO1X in lzop's frame, used for kernels.

The stream: https://docs.kernel.org/staging/lzo.html; the frame: lzop's own header, then blocks of
(length, packed length, check sums, data), a length of 0 at the end. All numbers are big endian.
"""

from __future__ import annotations

import zlib
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.kernelimage.lz4 import DamagedData

if TYPE_CHECKING:
    from collections.abc import Callable

if TYPE_CHECKING:
    from types import ModuleType

MAGIC: Final = b"\x89LZO\0\r\n\x1a\n"
BLOCK: Final = 64 << 20  # maximum decompressed bytes of a block in lzop
LEVELS_SINCE: Final = 0x0940  # the version of lzop with more header fields
ADLER_OUT, ADLER_IN, EXTRA, CRC_OUT, CRC_IN, FILTER = 1, 2, 0x40, 0x100, 0x200, 0x800
BOUNDED: Final = 256 << 10  # bytes of lzop's own blocks; the library cannot limit its output
PIECE: Final = 1 << 20  # bytes that are counted together
NEAR: Final = 64  # the first code of a match of 3 to 8 bytes at most 2 KiB back
FURTHER: Final = 16  # the first code of a match of any length; below are runs and the shortest matches
RUN: Final = 4  # the state after a run of literals
FAR: Final = 16384  # a match this far back with distance 0 is the end of a stream


class _Reader:
    """Reads consecutive big-endian numbers."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at

    def number(self, size: int) -> int:
        start, self.at = self.at, self.at + size
        if self.at > len(self.data):
            raise DamagedData("it ends too early")
        return int.from_bytes(self.data[start : self.at], "big")


class _Block(NamedTuple):
    size: int
    packed: bytes
    adler: int | None  # of the decompressed data
    crc: int | None


def decompress(data: bytes, limit: int, spend: Callable[[int], object] = lambda _: None) -> bytes:
    """The contents of the frame at the start of ``data``, up to its end mark.

    ``spend`` is called with the size of each piece, and may raise.
    Raises DamagedData, also for more than ``limit`` bytes of output.
    """
    reader = _Reader(data, len(MAGIC))
    flags = _header(reader)
    parts: list[bytes] = []
    left = limit
    while (block := _block(reader, flags)) is not None:
        left -= block.size
        if left < 0 or block.size > BLOCK:
            raise DamagedData(f"more than {limit} bytes come out of it")
        parts.append(_unpacked(block, spend))
    return b"".join(parts)


def _header(reader: _Reader) -> int:
    """The flags; ``reader`` is then at the first block."""
    version = reader.number(2)
    reader.number(2)  # of the library
    late = version >= LEVELS_SINCE
    reader.number(3 if late else 0)  # the version needed, and the method
    reader.number(1)  # the level, or the method of old
    flags = reader.number(4)
    if flags & FILTER:
        raise DamagedData("it went through a filter of lzop")
    reader.number(12 if late else 8)  # mode and time
    reader.number(reader.number(1))  # the name
    reader.number(4)  # the header's check sum
    if flags & EXTRA:
        reader.number(reader.number(4) + 4)
    return flags


def _block(reader: _Reader, flags: int) -> _Block | None:
    size = reader.number(4)
    if not size:
        return None
    packed = reader.number(4)
    adler = reader.number(4) if flags & ADLER_OUT else None
    crc = reader.number(4) if flags & CRC_OUT else None
    if packed < size:
        reader.number(4 * bool(flags & ADLER_IN) + 4 * bool(flags & CRC_IN))
    start = reader.at
    reader.at += packed
    if packed > size or reader.at > len(reader.data):
        raise DamagedData("a block lies outside the data")
    return _Block(size, reader.data[start : reader.at], adler, crc)


def _unpacked(block: _Block, spend: Callable[[int], object]) -> bytes:
    stored = len(block.packed) == block.size
    if stored:
        spend(block.size)
    data = block.packed if stored else stream(block.packed, block.size, spend)
    wrong = block.adler is not None and zlib.adler32(data) != block.adler
    if wrong or (block.crc is not None and zlib.crc32(data) != block.crc):
        raise DamagedData("a check sum does not hold")
    return data


def stream(packed: bytes, size: int, spend: Callable[[int], object] = lambda _: None) -> bytes:
    """The ``size`` bytes that one LZO1X stream stands for, counted by ``spend``; raises DamagedData."""
    library = _library()
    if library is None or size > BOUNDED:
        return _by_hand(packed, size, spend)
    spend(size)
    try:
        out = library.LZOCompressor.decompress(packed, size)
    except library.InputNotConsumed as error:
        out = error.args[1]
    except library.LZOError as error:
        raise DamagedData(str(error)) from None
    if len(out) != size:
        raise DamagedData(f"a block of {size} bytes has {len(out)}")
    return bytes(out)


@cache
def _library() -> ModuleType | None:
    """The LZO library, if installed: forty times as fast."""
    try:
        return import_module("lzallright")
    except ImportError:
        return None


def _by_hand(packed: bytes, size: int, spend: Callable[[int], object]) -> bytes:
    out = bytearray()
    try:
        _instructions(packed, out, size, spend)
    except IndexError:
        raise DamagedData("a block ends within an instruction") from None
    if len(out) != size:
        raise DamagedData(f"a block of {size} bytes has {len(out)}")
    spend(size - max(size - 1, 0) // PIECE * PIECE)
    return bytes(out)


def _instructions(packed: bytes, out: bytearray, size: int, spend: Callable[[int], object]) -> None:
    """Execute the instructions and append their output to ``out``: the inner loop.

    ``spend`` is called for each PIECE but the last.
    ``state`` is the number of literals that followed the previous instruction, 4 for a literal run.
    """
    at, state, mark = 0, 0, min(PIECE, size)
    if packed[0] > 17:  # noqa: PLR2004 -- a first run of literals is encoded in one byte
        run = packed[0] - 17
        out += packed[1 : 1 + run]
        at, state = 1 + run, min(run, RUN)
    while True:
        code = packed[at]
        at += 1
        if code >= NEAR:  # most of all
            match = (code >> 5) + 1
            distance = (packed[at] << 3) + (code >> 2 & 7) + 1
            state = code & 3
            at += 1
        elif code < FURTHER and state == 0:
            run, at = (code, at) if code else _longer(packed, at, 15)
            out += packed[at : at + run + 3]
            at, state = at + run + 3, RUN
            continue
        else:
            match, distance, state, at = _match(packed, at, code, state)
            if not match:
                return
        start = len(out) - distance
        if start < 0 or match > size:
            raise DamagedData("a match lies outside its block")
        if match > distance:
            out += (out[start:] * (match // distance + 1))[:match]
        else:
            out += out[start : start + match]
        if state:
            out += packed[at : at + state]
            at += state
        if len(out) > mark:
            mark = _counted(len(out), mark, size, spend)


def _counted(done: int, mark: int, size: int, spend: Callable[[int], object]) -> int:
    """Call ``spend`` for the pieces from ``mark`` to ``done``; the next mark."""
    while done > mark:
        if done > size:
            raise DamagedData(f"a block holds more than its {size} bytes")
        spend(PIECE)
        mark = min(mark + PIECE, size)
    return mark


def _match(packed: bytes, at: int, code: int, state: int) -> tuple[int, int, int, int]:
    """Length, distance, literals and end of the rarer matches; length 0 is the end of the stream."""
    if code < FURTHER:
        match, distance = (3, 2049) if state == RUN else (2, 1)
        return match, distance + (packed[at] << 2) + (code >> 2), code & 3, at + 1
    bits = 31 if code >= 2 * FURTHER else 7
    match = code & bits
    if not match:
        match, at = _longer(packed, at, bits)
    pair = packed[at] | packed[at + 1] << 8
    if code >= 2 * FURTHER:
        return match + 2, (pair >> 2) + 1, pair & 3, at + 2
    distance = FAR + ((code & 8) << 11) + (pair >> 2)
    return 0 if distance == FAR else match + 2, distance, pair & 3, at + 2


def _longer(packed: bytes, at: int, length: int) -> tuple[int, int]:
    """``length`` plus its extension bytes at ``at``, and their end."""
    while not packed[at]:
        length += 255
        at += 1
    return length + packed[at], at + 1
