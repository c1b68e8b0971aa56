"""All compression formats of kernels, identified by their first bytes.

Unlike a module file, a payload is followed by other data (its size, relocations, padding), which is ignored.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils import libc
from pymodutils.elf import compress
from pymodutils.elf.drain import drain
from pymodutils.errors import BadKernel
from pymodutils.kernelimage import lz4, lzo

if TYPE_CHECKING:
    from collections.abc import Callable

    Spend = Callable[[int], object]

LIMIT: Final = 512 << 20  # bytes, several times the largest kernel


class Compression(NamedTuple):
    """A compression format of kernels."""

    name: str  # as in CONFIG_KERNEL_<NAME>
    magic: bytes
    decompress: Callable[[bytes, int, Spend], bytes]  # decompresses data up to a limit in bytes


def find(data: bytes) -> Compression | None:
    """The compression of ``data``, or None."""
    return next((form for form in FORMATS if data.startswith(form.magic)), None)


def free(_count: int) -> None:
    """No accounting of bytes."""


def decompress(form: Compression, data: bytes, subject: str, spend: Spend = free) -> bytes:
    """The decompressed ``data``; raises BadKernel for ``subject`` if it is damaged or a bomb.

    ``spend`` is called with the size of each piece, and may raise.
    """
    libc.reuse_memory()
    try:
        return form.decompress(data, LIMIT, spend)
    except lz4.DamagedData as error:
        raise BadKernel(subject, f"{subject}: its {form.name} payload cannot be read: {error}") from None


def _library(packing: str) -> Callable[[bytes, int, Spend], bytes]:
    """A decompression function based on one of Python's libraries; it raises DamagedData."""

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
