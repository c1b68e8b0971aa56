"""LZ4's legacy frame, used for kernels (``lz4 -l``): independent blocks.

https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md (Legacy frame); the library supports only
the newer one.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

MAGIC: Final = b"\x02\x21\x4c\x18"
BLOCK: Final = 8 << 20  # maximum decompressed bytes of a block
PACKED: Final = BLOCK + BLOCK // 255 + 16  # maximum compressed bytes of a block


class DamagedData(ValueError):
    """Compressed data that cannot be read, and why."""


def decompress(data: bytes, limit: int, spend: Callable[[int], object] = lambda _: None) -> bytes:
    """The content of the frame at the start of ``data``; data after the last complete block is ignored.

    ``spend`` is called with the size of each block. Raises DamagedData, also for more than ``limit`` bytes.
    """
    found = io.BytesIO()
    at = len(MAGIC)
    while at + 4 < len(data):
        size = int.from_bytes(data[at : at + 4], "little")
        if not 0 < size <= PACKED or at + 4 + size > len(data):
            break
        spend(found.write(block(data[at + 4 : at + 4 + size])))
        if found.tell() > limit:
            raise DamagedData(f"more than {limit} bytes come out of it")
        at += 4 + size
    if not found.tell():
        raise DamagedData("it ends too early")
    return found.getvalue()


def block(packed: bytes) -> bytes:
    """The decompressed bytes of a block; raises DamagedData."""
    try:
        from lz4 import block as library  # noqa: PLC0415 -- rarely needed
    except ImportError:
        raise DamagedData("it needs a library that is not installed: pip install lz4") from None
    try:
        return bytes(library.decompress(packed, uncompressed_size=BLOCK))
    except library.LZ4BlockError as error:
        raise DamagedData(f"a block is damaged: {error}") from None
