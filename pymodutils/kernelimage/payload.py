"""Everything a kernel can be compressed with, told apart by its first bytes.

Unlike a module's file, a payload is followed by other bytes (its size, relocations, padding), which are
left alone.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.elf import compress
from pymodutils.elf.drain import drain
from pymodutils.errors import BadKernel
from pymodutils.kernelimage import lz4, lzo

if TYPE_CHECKING:
    from collections.abc import Callable

    Spend = Callable[[int], object]

LIMIT: Final = 512 << 20  # bytes: several times the largest kernel


class Compression(NamedTuple):
    """One way of compressing a kernel."""

    name: str  # as in CONFIG_KERNEL_<NAME>
    magic: bytes
    decompress: Callable[[bytes, int, Spend], bytes]  # of the data, at most so many bytes


def find(data: bytes) -> Compression | None:
    """How ``data`` is compressed, or None if it is not."""
    return next((form for form in FORMATS if data.startswith(form.magic)), None)


def free(_count: int) -> None:
    """The price of bytes where nobody counts."""


def decompress(form: Compression, data: bytes, subject: str, spend: Spend = free) -> bytes:
    """What comes out of ``data``; raises BadKernel about ``subject`` if it is damaged or a bomb.

    ``spend`` hears of each piece how many bytes it has, and may raise.
    """
    try:
        return form.decompress(data, LIMIT, spend)
    except lz4.DamagedData as error:
        raise BadKernel(subject, f"{subject}: its {form.name} payload cannot be read: {error}") from None


def _library(packing: str) -> Callable[[bytes, int, Spend], bytes]:
    """How one of Python's libraries decompresses data; it raises DamagedData."""

    def decompressed(data: bytes, limit: int, spend: Spend) -> bytes:
        stream, damage = compress.decompressor(packing)
        found = io.BytesIO()

        def count(size: int) -> None:
            spend(size)
            if found.tell() + size > limit:
                raise lz4.DamagedData(f"more than {limit} bytes come out of it")

        try:
            drain(stream, data, 0, found, count)
        except damage as error:
            raise lz4.DamagedData(str(error)) from None
        if not stream.eof:
            raise lz4.DamagedData("it ends too early")
        return found.getvalue()

    return decompressed


FORMATS: Final = (
    Compression("gzip", b"\x1f\x8b\x08", _library("gzip")),
    Compression("bzip2", b"BZh", _library("bzip2")),
    Compression("lzma", b"\x5d\0\0", _library("lzma")),
    Compression("xz", compress.XZ, _library("xz")),
    Compression("lzo", lzo.MAGIC, lzo.decompress),
    Compression("lz4", lz4.MAGIC, lz4.decompress),
    Compression("zstd", compress.ZSTD, _library("zstd")),
)
