"""The legacy frame of LZ4, in which kernels are packed (``lz4 -l``): blocks that know nothing of each other.

https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md (Legacy frame); the library knows the newer one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

MAGIC: Final = b"\x02\x21\x4c\x18"
BLOCK: Final = 8 << 20  # bytes that come out of one block at most
PACKED: Final = BLOCK + BLOCK // 255 + 16  # bytes that a block can take at most


class DamagedData(ValueError):
    """Compressed data that cannot be read, and why."""


def decompress(data: bytes, limit: int, spend: Callable[[int], object] = lambda _: None) -> bytes:
    """What the frame at the start of ``data`` holds; what follows the last whole block is left alone.

    ``spend`` hears the bytes of each block. Raises DamagedData, also when more than ``limit`` bytes come out.
    """
    parts: list[bytes] = []
    at, total = len(MAGIC), 0
    while at + 4 < len(data):
        size = int.from_bytes(data[at : at + 4], "little")
        if not 0 < size <= PACKED or at + 4 + size > len(data):
            break
        parts.append(block(data[at + 4 : at + 4 + size]))
        total += len(parts[-1])
        spend(len(parts[-1]))
        if total > limit:
            raise DamagedData(f"more than {limit} bytes come out of it")
        at += 4 + size
    if not parts:
        raise DamagedData("it ends too early")
    return b"".join(parts)


def block(packed: bytes) -> bytes:
    """The bytes that one block stands for; raises DamagedData."""
    try:
        from lz4 import block as library  # noqa: PLC0415 -- only images packed so need it
    except ImportError:
        raise DamagedData("it needs a library that is not installed: pip install lz4") from None
    try:
        return bytes(library.decompress(packed, uncompressed_size=BLOCK))
    except library.LZ4BlockError as error:
        raise DamagedData(f"a block is damaged: {error}") from None
