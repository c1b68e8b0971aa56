"""Read module files, plain or compressed, as identified by their first bytes, never by name."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import IO, TYPE_CHECKING, Final

from pymodutils.errors import BadModule, NotFound
from pymodutils.regular import opener

if TYPE_CHECKING:
    from types import ModuleType

    from pymodutils.elf.drain import Decompressor
    from pymodutils.mapped import Contents


GZIP: Final = b"\x1f\x8b"
XZ: Final = b"\xfd7zXZ\0"
ZSTD: Final = b"\x28\xb5\x2f\xfd"
PACKINGS: Final = {"gzip": GZIP, "xz": XZ, "zstd": ZSTD}
SHORTEST: Final = len(XZ)  # bytes of the longest magic
LIMIT: Final = 256 << 20  # bytes: the limit of the emulated loader; stops decompression bombs


def read(path: str) -> bytes:
    """Read the file ``path`` and decompress it if necessary.

    Raises NotFound if it cannot be read, BadModule if its compressed data is damaged or exceeds LIMIT.
    """
    return decompress(content(path), path)


def module(path: str) -> bytes:
    """Read the module file ``path`` as ``read`` does; also raises BadModule (EINVAL) if it is too short."""
    data = content(path)
    check_length(data, path)
    return decompress(data, path)


def check_length(data: Contents, subject: str) -> None:
    """Raise BadModule (EINVAL) if ``data`` is too short to tell what it is, as for kmod."""
    if len(data) < SHORTEST:
        raise BadModule(subject, f"{subject}: {len(data)} bytes are not a module", errno.EINVAL)


def content(path: str) -> bytes:
    """Read the regular file ``path``; raises NotFound, also for pipes, sockets and devices."""
    with regular(path) as file:
        try:
            return read_all(file.fileno())
        except OSError as error:
            raise unreadable(path, error) from None


def regular(path: str) -> io.BufferedReader:
    """Open the regular file ``path`` for reading; raises NotFound as ``content``."""
    try:
        return open(path, "rb", opener=opener)
    except OSError as error:
        raise unreadable(path, error) from None


def read_all(fd: int) -> bytes:
    """The contents of the open file ``fd``, from its start."""
    size = os.fstat(fd).st_size
    data = os.pread(fd, size, 0)
    if len(data) == size:
        return data
    parts = [data]
    while parts[-1]:  # read(2) returns at most 2 GiB, and the file may shrink meanwhile
        parts.append(os.pread(fd, size, sum(map(len, parts))))
    return b"".join(parts)


def unreadable(path: str, error: OSError) -> NotFound:
    """The error for a failure to open or read ``path``."""
    return NotFound(path, f"could not open {path}: {error.strerror}", error.errno)


def packing_of(start: Contents) -> str:
    """The compression of a file that begins with ``start``, as in /sys/module/compression, or ""."""
    return next((name for name, magic in PACKINGS.items() if start.startswith(magic)), "")


MEMORY: Final = 2 << 30  # limit of a dictionary in bytes


# messages of Python's libraries -> those of kmod's
CUT: Final = {
    "gzip": "unexpected end of file",
    "xz": "Unexpected end of input",
    "zstd": "Src size is incorrect",
}
XZ_WORDS: Final = {
    "Corrupt input data": "File is corrupt",
    "Input format not supported by decoder": "File format not recognized",
    "Invalid or unsupported options": "Unsupported compression options",
    "Memory usage limit exceeded": "Memory usage limit exceeded",
}
BEHIND: Final = {  # kmod's message differs after the first stream
    "File format not recognized": "File is corrupt",
    "Unknown frame descriptor": CUT["zstd"],
}
FUNCTIONS: Final = {"gzip": "kmod_file_load_zlib", "xz": "xz_uncompress_belch", "zstd": "kmod_file_load_zstd"}


class Damaged(BadModule):
    """Compressed data that cannot be read; ``why`` is kmod's message, printed by its ``function``."""

    def __init__(self, subject: str, packing: str, words: str) -> None:
        super().__init__(subject, f"{subject}: compressed data cannot be read: {words}", errno.EINVAL)
        self.words = words
        self.why = f"{packing}: {words}"
        self.function = FUNCTIONS[packing]


class Incomplete(Damaged):
    """Compressed data ends too early."""


def decompress(data: bytes, subject: str) -> bytes:
    """Undo the gzip, xz or zstd compression of ``data``; return it unchanged if it has none of these.

    Raises BadModule (EINVAL) for ``subject``, Incomplete if it ends early.
    """
    if not packing_of(data):
        return data
    if packing_of(data) == "zstd" and (whole := _at_once(data)):
        return whole
    found = io.BytesIO()
    decompress_into(data, subject, found)
    return found.getvalue()


def decompress_into(data: Contents, subject: str, found: IO[bytes]) -> None:
    """Add the content of every stream of ``data``, which must be compressed, to ``found``.

    Raises as ``decompress``.
    """
    packing, at, end = packing_of(data), 0, len(data)
    while at < end:
        try:
            at = _following(data, add_stream(data, at, packing, subject, found), packing)
        except Damaged as error:
            if at and error.words in BEHIND:  # not a compressed stream
                raise Damaged(subject, packing, BEHIND[error.words]) from None
            raise


def _at_once(data: bytes) -> bytes:
    """The content of ``data`` if it is one sound zstd frame that states its size, as most are; else empty.

    The buffer is allocated once; nothing is copied.
    """
    library = zstd()
    try:
        size = library.get_frame_info(data).decompressed_size or 0
        stream = library.ZstdDecompressor()
        found: bytes = stream.decompress(data, size) if 0 < size <= LIMIT else b""
    except library.ZstdError:
        return b""
    return found if stream.eof and not stream.unused_data else b""


def _following(data: Contents, at: int, packing: str) -> int:
    """The offset of the next stream after one that ends at ``end``; the end of ``data`` if there is none."""
    if packing == "xz":
        import re  # noqa: PLC0415 -- few modules have several streams

        padding = re.compile(rb"\0*").match(data, at)
        return padding.end() if padding else at
    return at if packing == "zstd" or data.startswith(GZIP, at) else len(data)


def add_stream(
    data: Contents, at: int, packing: str, subject: str, found: IO[bytes], *, partial: bool = False
) -> int:
    """Add the content of the one stream of ``data`` at ``at`` to ``found``, up to LIMIT; the stream's end.

    With ``partial``, a truncated stream yields what it contains. Raises as ``decompress``.
    """
    from pymodutils.elf.drain import drain  # noqa: PLC0415 -- not needed for an uncompressed module

    def spend(count: int) -> None:
        if found.tell() + count > LIMIT:
            raise Damaged(subject, packing, f"it decompresses to more than {LIMIT} bytes")

    stream, damage = decompressor(packing)
    try:
        end = drain(stream, data, at, found, spend)
    except damage as error:
        raise Damaged(subject, packing, _words(packing, str(error))) from None
    if not (stream.eof or partial):
        raise Incomplete(subject, packing, CUT[packing])
    return end


def decompressor(packing: str) -> tuple[Decompressor, type[Exception]]:
    """Return a decompressor, and the exceptions it raises on damaged data; kernels use further formats."""
    if packing == "zstd":
        library = zstd()
        return library.ZstdDecompressor(), library.ZstdError
    if packing == "gzip":
        import zlib  # noqa: PLC0415 -- most systems have one compression

        from pymodutils.elf.drain import Gzip  # noqa: PLC0415 -- see above

        return Gzip(), zlib.error
    if packing == "bzip2":
        import bz2  # noqa: PLC0415 -- see above

        return bz2.BZ2Decompressor(), OSError
    import lzma  # noqa: PLC0415 -- see above

    kind = lzma.FORMAT_XZ if packing == "xz" else lzma.FORMAT_ALONE
    return lzma.LZMADecompressor(kind, memlimit=MEMORY), lzma.LZMAError


def zstd() -> ModuleType:
    """Return Python's zstd library, or libzstd in its place; raises BadModule with ENOSYS without either."""
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd  # noqa: PLC0415 -- most systems have one compression
        else:
            from backports import zstd  # noqa: PLC0415
    except ImportError:
        return _libzstd()
    return zstd


def _libzstd() -> ModuleType:
    try:
        from pymodutils.elf import libzstd  # noqa: PLC0415 -- Python has zstd in most environments

        libzstd.loaded()
    except ImportError:
        text = "zstd needs a library that is not installed: pip install backports.zstd"
        raise BadModule("zstd", text, errno.ENOSYS) from None
    return libzstd


def _words(packing: str, said: str) -> str:
    """The message of kmod for the message ``said`` of Python's library."""
    if packing == "xz":
        return XZ_WORDS.get(said, said)
    return said.rpartition(" data: ")[2]  # after Python's description of the operation
