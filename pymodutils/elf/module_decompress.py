"""Decompress modules like the kernel; kernel/module/decompress.c.

Its decompressors support less than user-space libraries: XZ Embedded (lib/xz) no CRC64, no SHA-256 and
few filters, zlib no optional gzip fields except the file name. The gzip trailer is not verified.
"""

from __future__ import annotations

import errno
from binascii import crc32
from typing import TYPE_CHECKING, Final

from pymodutils.elf import compress, contents
from pymodutils.errors import BadModule
from pymodutils.mapped import settled, spool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymodutils.mapped import Contents

NAMES: Final = {"gzip": "a gzip", "xz": "an xz", "zstd": "a zstd"}
MAGIC: Final = {"gzip": b"\x1f\x8b\x08", "xz": compress.XZ, "zstd": compress.ZSTD}
FAILED: Final = "decompression failed with status {}"

FNAME: Final = 0x08
GZIP_HEADER: Final = 10  # bytes before the file name
Z_DATA_ERROR, Z_BUF_ERROR = -3, -5

XZ_OK, XZ_MEM_ERROR, XZ_OPTIONS_ERROR, XZ_DATA_ERROR = 0, 3, 6, 7
XZ_CRC32: Final = 1
XZ_HEADER: Final = 12  # bytes of a stream header, and of a footer
FILTERS: Final = 0x3F  # reserved bits of a block's flags and the number of filters
COMPRESSED_SIZE, UNCOMPRESSED_SIZE = 0x40, 0x80
LZMA2: Final = 0x21
LARGEST_DICTIONARY: Final = 39  # of 0 to 40, the code of 3 GiB
MEMORY: Final = 512 << 20  # bytes assumed to be available to vmalloc
BCJ: Final = {  # filter -> the option that enables it
    0x04: "XZ_DEC_X86",
    0x05: "XZ_DEC_POWERPC",
    0x06: "XZ_DEC_IA64",
    0x07: "XZ_DEC_ARM",
    0x08: "XZ_DEC_ARMTHUMB",
    0x09: "XZ_DEC_SPARC",
    0x0A: "XZ_DEC_ARM64",
    0x0B: "XZ_DEC_RISCV",
}

ZSTD_INCOMPLETE: Final = "ZSTD-compressed data has an incomplete frame header"
ZSTD_WINDOW: Final = (1 << 27) + 1  # bytes: ZSTD_MAXWINDOWSIZE_DEFAULT
ZSTD_TOO_LARGE, ZSTD_CORRUPTED = 16, 20
ZSTD_STATUS: Final = {  # the end of libzstd's text -> ZSTD_ErrorCode
    "Unknown frame descriptor": 10,
    "Version not supported": 12,
    "Unsupported frame parameter": 14,
    "too much memory for decoding": ZSTD_TOO_LARGE,
    "doesn't match checksum": 22,
    "Dictionary mismatch": 32,
}


class Undecompressed(BadModule):
    """The kernel cannot decompress the module; the text is the log line."""


def module_decompress(data: Contents, packing: str, on: Callable[[str], bool]) -> Contents:
    """Decompress the module file ``data`` like a kernel that supports ``packing``.

    ``on`` returns whether a configuration option is set. Raises Undecompressed (EINVAL).
    """
    if not data.startswith(MAGIC[packing]):
        raise _failed(f"not {NAMES[packing]} compressed module")
    if packing == "gzip":
        return _gzip(data)
    return _xz(data, on) if packing == "xz" else _zstd(data)


def _gzip(data: Contents) -> Contents:
    """module_gzip_decompress: the name is the only optional field that is accepted."""
    import zlib  # noqa: PLC0415 -- not needed at boot

    from pymodutils.elf.drain import Gzip, drain  # noqa: PLC0415 -- see above

    start = GZIP_HEADER
    if len(data) > start and data[3] & FNAME:
        start = data.find(b"\0", start) + 1
    if not start >= GZIP_HEADER or len(data) < GZIP_HEADER:
        raise _failed("not a gzip compressed module")
    stream = Gzip(-zlib.MAX_WBITS)
    with spool() as found:
        try:
            drain(stream, data, start, found, lambda _: _fits(found.tell()))
        except zlib.error:
            raise _status(Z_DATA_ERROR) from None
        if not stream.eof:
            raise _status(Z_BUF_ERROR)
        return settled(found)


def _fits(size: int) -> None:
    """Refuse more bytes than a module has."""
    if size > compress.LIMIT:
        raise _status(Z_BUF_ERROR)


def _xz(data: Contents, on: Callable[[str], bool]) -> Contents:
    """module_xz_decompress: data after the first stream is ignored."""
    if len(data) < XZ_HEADER:
        raise _status(XZ_OK)
    if crc32(data[6:8]) != int.from_bytes(data[8:XZ_HEADER], "little"):
        raise _status(XZ_DATA_ERROR)
    if data[6] or data[7] > XZ_CRC32:
        raise _status(XZ_OPTIONS_ERROR)
    _xz_block(data, XZ_HEADER, on)
    try:
        found, end = contents.first(data, "module")
    except compress.Incomplete:
        raise _status(XZ_OK) from None
    except BadModule:
        raise _status(XZ_DATA_ERROR) from None
    for at in _xz_blocks(data[:end]):
        _xz_block(data, at, on)
    return found


def _xz_blocks(stream: bytes) -> Iterator[int]:
    """The offsets of the blocks of a valid ``stream``, from its index."""
    size = (int.from_bytes(stream[-8:-4], "little") + 1) * 4  # the footer's Backward Size
    at = len(stream) - XZ_HEADER - size + 1
    count, at = _number(stream, at)
    start = XZ_HEADER
    for _ in range(count):
        yield start
        unpadded, at = _number(stream, at)
        _, at = _number(stream, at)
        start += unpadded + -unpadded % 4


def _number(data: bytes, at: int) -> tuple[int, int]:
    """The variable-length integer at ``at``, and its end."""
    value = shift = 0
    while at < len(data):
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            break
    return value, at


def _xz_block(data: Contents, start: int, on: Callable[[str], bool]) -> None:
    """Refuse block headers that dec_block_header refuses."""
    if len(data) <= start or not data[start]:
        return  # the index: a stream without blocks
    size = (data[start] + 1) * 4
    header = data[start : start + size]
    if len(header) < size:
        raise _status(XZ_OK)
    if crc32(header[:-4]) != int.from_bytes(header[-4:], "little"):
        raise _status(XZ_DATA_ERROR)
    flags, at = header[1], 2
    bcj = _has_bcj(on)
    if flags & (FILTERS & ~bcj):
        raise _status(XZ_OPTIONS_ERROR)
    for field in (COMPRESSED_SIZE, UNCOMPRESSED_SIZE):
        if flags & field:
            _, at = _number(header, at)
    if flags & 1:
        if not on(BCJ.get(header[at], "")) or header[at + 1]:
            raise _status(XZ_OPTIONS_ERROR)
        at += 2
    _xz_lzma2(header[at:-4])


def _has_bcj(on: Callable[[str], bool]) -> int:
    return int(any(map(on, BCJ.values())))


def _xz_lzma2(filters: bytes) -> None:
    if len(filters) < 3 or filters[:2] != bytes((LZMA2, 1)) or any(filters[3:]):  # noqa: PLR2004 -- identifier, size, dictionary
        raise _status(XZ_OPTIONS_ERROR)
    code = filters[2]
    if code > LARGEST_DICTIONARY:
        raise _status(XZ_OPTIONS_ERROR)
    if (2 + (code & 1)) << ((code >> 1) + 11) > MEMORY:
        raise _status(XZ_MEM_ERROR)


def _zstd(data: Contents) -> Contents:
    """module_zstd_decompress: the output of a truncated frame so far is used as the module."""
    window = _zstd_window(data)
    if window > ZSTD_WINDOW:
        raise _zstd_status(ZSTD_TOO_LARGE)
    try:
        return contents.first(data, "module", partial=True)[0]
    except BadModule as error:
        text = str(error)
        found = (status for end, status in ZSTD_STATUS.items() if end in text)
        raise _zstd_status(next(found, ZSTD_CORRUPTED)) from None


def _zstd_window(data: Contents) -> int:
    """The window size in bytes from the frame header; RFC 8878, 3.1.1.1."""
    descriptor = data[4] if len(data) > 4 else 0  # noqa: PLR2004 -- after the magic
    single = descriptor >> 5 & 1
    content = (single, 2, 4, 8)[descriptor >> 6]
    size = 6 - single + (0, 1, 2, 4)[descriptor & 3] + content
    if len(data) < size or descriptor & 8:
        raise _failed(ZSTD_INCOMPLETE)
    if not single:
        return int((8 + (data[5] & 7)) << (data[5] >> 3) + 7)
    extra = 256 if content == 2 else 0  # noqa: PLR2004 -- so 255 need one byte only
    return int.from_bytes(data[size - content : size], "little") + extra


def _status(code: int) -> Undecompressed:
    return _failed(FAILED.format(code))


def _zstd_status(code: int) -> Undecompressed:
    return _failed(f"ZSTD-{FAILED.format(code)}")


def _failed(text: str) -> Undecompressed:
    return Undecompressed("module", text, errno.EINVAL)
