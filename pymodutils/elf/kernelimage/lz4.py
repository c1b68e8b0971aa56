"""The legacy frame of LZ4, in which kernels are packed (``lz4 -l``): blocks that know nothing of each other.

https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md (Legacy frame), lz4_Block_format.md.
A sequence is a token, literals, and a match: an offset back into the block, and a length.
"""

from __future__ import annotations

from typing import Final

MAGIC: Final = b"\x02\x21\x4c\x18"
BLOCK: Final = 8 << 20  # bytes that come out of one block at most
PACKED: Final = BLOCK + BLOCK // 255 + 16  # bytes that a block can take at most
MORE: Final = 15  # a length of four bits that goes on in the following bytes
SHORTEST: Final = 4  # bytes of a match


class Damaged(ValueError):
    """Compressed data that cannot be read, and why."""


def decompress(data: bytes, limit: int) -> bytes:
    """What the frame at the start of ``data`` holds; what follows the last whole block is left alone.

    Raises Damaged, also when more than ``limit`` bytes come out.
    """
    parts: list[bytes] = []
    at, total = len(MAGIC), 0
    while at + 4 < len(data):
        size = int.from_bytes(data[at : at + 4], "little")
        if not 0 < size <= PACKED or at + 4 + size > len(data):
            break
        parts.append(block(data[at + 4 : at + 4 + size]))
        total += len(parts[-1])
        if total > limit:
            raise Damaged(f"more than {limit} bytes come out of it")
        at += 4 + size
    if not parts:
        raise Damaged("it ends too early")
    return b"".join(parts)


def block(packed: bytes) -> bytes:
    """The bytes that one block stands for; raises Damaged."""
    out = bytearray()
    try:
        _sequences(packed, out)
    except IndexError:
        raise Damaged("a block ends within a sequence") from None
    return bytes(out)


def _sequences(packed: bytes, out: bytearray) -> None:
    """Append what each sequence says to ``out``: the loop that all the time goes into."""
    at, end, length = 0, len(packed), 0
    while True:
        token = packed[at]
        at += 1
        if token > 15:  # noqa: PLR2004 -- the upper half is the number of literals
            literals = token >> 4
            if literals == MORE:
                literals, at = _longer(packed, at, MORE)
            out += packed[at : at + literals]
            at += literals
            length += literals
        if at >= end:
            break
        offset = packed[at] | packed[at + 1] << 8
        at += 2
        match = (token & 15) + SHORTEST
        if match == MORE + SHORTEST:
            match, at = _longer(packed, at, match)
        start = length - offset
        if start < 0 or not offset:
            raise Damaged("a match begins before its block")
        if match > offset:  # it overlaps what it makes: a pattern that is repeated
            _repeat(out, offset, match)
        else:
            out += out[start : start + match]
        length += match
        if length > BLOCK:
            raise Damaged(f"a block holds more than {BLOCK} bytes")
    if at > end:
        raise Damaged("a block ends within its literals")


def _longer(packed: bytes, at: int, length: int) -> tuple[int, int]:
    """``length`` and the bytes at ``at`` that add to it, and where they end."""
    while packed[at] == 255:  # noqa: PLR2004 -- there is more to come
        length += 255
        at += 1
    return length + packed[at], at + 1


def _repeat(out: bytearray, offset: int, count: int) -> None:
    if count > BLOCK:
        raise Damaged(f"a block holds more than {BLOCK} bytes")
    pattern = out[-offset:]
    out += (pattern * (count // offset + 1))[:count]
