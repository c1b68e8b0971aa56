"""Everything a kernel can be compressed with, told apart by its first bytes.

Unlike a module's file, a payload is followed by other bytes (its size, relocations, padding), which are
left alone.
"""

from __future__ import annotations

import bz2
import lzma
import sys
import zlib
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from pymodutils.elf.kernelimage import lz4, lzo
from pymodutils.errors import BadKernel

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT: Final = 512 << 20  # bytes: several times the largest kernel


class _Stream(Protocol):
    @property
    def eof(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class Format(NamedTuple):
    """One way of compressing a kernel."""

    name: str  # as in CONFIG_KERNEL_<NAME>
    magic: bytes
    decompress: Callable[[bytes, int], bytes]  # of the data, at most so many bytes


def find(data: bytes) -> Format | None:
    """How ``data`` is compressed, or None if it is not."""
    return next((form for form in FORMATS if data.startswith(form.magic)), None)


def decompress(form: Format, data: bytes, subject: str) -> bytes:
    """What comes out of ``data``; raises BadKernel about ``subject`` if it is damaged or a bomb."""
    try:
        return form.decompress(data, LIMIT)
    except (lz4.Damaged, zlib.error, lzma.LZMAError, OSError, EOFError) as error:
        raise BadKernel(subject, f"{subject}: its {form.name} payload cannot be read: {error}") from None


def _drain(stream: _Stream, data: bytes, limit: int) -> bytes:
    out = stream.decompress(data, limit)
    if not stream.eof:
        big = len(out) >= limit
        raise EOFError(f"more than {limit} bytes come out of it" if big else "it ends too early")
    return out


def _gzip(data: bytes, limit: int) -> bytes:
    return _drain(zlib.decompressobj(31), data, limit)


def _bzip2(data: bytes, limit: int) -> bytes:
    return _drain(bz2.BZ2Decompressor(), data, limit)


def _xz(data: bytes, limit: int) -> bytes:
    return _drain(lzma.LZMADecompressor(lzma.FORMAT_XZ), data, limit)


def _lzma(data: bytes, limit: int) -> bytes:
    return _drain(lzma.LZMADecompressor(lzma.FORMAT_ALONE), data, limit)


def _zstd(data: bytes, limit: int) -> bytes:
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415 -- one kernel in five has it
    else:
        from backports import zstd  # noqa: PLC0415

    try:
        return _drain(zstd.ZstdDecompressor(), data, limit)
    except zstd.ZstdError as error:
        raise EOFError(str(error)) from None


FORMATS: Final = (
    Format("gzip", b"\x1f\x8b\x08", _gzip),
    Format("bzip2", b"BZh", _bzip2),
    Format("lzma", b"\x5d\0\0", _lzma),
    Format("xz", b"\xfd7zXZ\0", _xz),
    Format("lzo", lzo.MAGIC, lzo.decompress),
    Format("lz4", lz4.MAGIC, lz4.decompress),
    Format("zstd", b"\x28\xb5\x2f\xfd", _zstd),
)
