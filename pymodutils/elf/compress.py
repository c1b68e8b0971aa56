"""Module files as they are or compressed, told apart by their first bytes, never by their names."""

from __future__ import annotations

import errno
import os
import stat
import sys
from typing import TYPE_CHECKING, BinaryIO, Final

from pymodutils.errors import BadModule, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Decompressor(Protocol):
        """What the decompressors of all three libraries have in common."""

        @property
        def eof(self) -> bool:
            """Whether the part is complete."""
            ...

        @property
        def unused_data(self) -> bytes:
            """What stands after the part."""
            ...

        def decompress(self, data: bytes, max_length: int, /) -> bytes:
            """At most ``max_length`` bytes of the part."""
            ...


GZIP: Final = b"\x1f\x8b"
XZ: Final = b"\xfd7zXZ\0"
ZSTD: Final = b"\x28\xb5\x2f\xfd"
LIMIT: Final = 256 << 20  # bytes: the emulated loader takes no larger module; a bomb stops here


def read(path: str) -> bytes:
    """Read the whole file ``path`` and decompress it if need be.

    Raises NotFound if it cannot be read, BadModule if its compressed data is damaged or over LIMIT.
    """
    return decompress(content(path), path)


def content(path: str) -> bytes:
    """Read the regular file ``path`` as it is; raises NotFound, also about pipes, sockets and devices."""
    with regular(path) as file:
        try:
            return read_all(file.fileno())
        except OSError as error:
            raise unreadable(path, error) from None


def regular(path: str) -> BinaryIO:
    """Open the regular file ``path`` for reading; raises NotFound as ``content``."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe must not make us wait
    except OSError as error:
        raise unreadable(path, error) from None
    mode = os.fstat(fd).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(fd, "rb")
    os.close(fd)
    if stat.S_ISDIR(mode):
        raise unreadable(path, IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)))
    raise NotFound(path, f"could not open {path}: it is not a regular file", errno.EINVAL)


def read_all(fd: int) -> bytes:
    """Everything in the open file ``fd``, from its start."""
    size = os.fstat(fd).st_size
    data = os.pread(fd, size, 0)
    if len(data) == size:
        return data
    parts = [data]
    while parts[-1]:  # read(2) gives at most 2 GiB, and a file may shrink meanwhile
        parts.append(os.pread(fd, size, sum(map(len, parts))))
    return b"".join(parts)


def unreadable(path: str, error: OSError) -> NotFound:
    """The failure to open or read ``path`` in one line."""
    return NotFound(path, f"could not open {path}: {error.strerror}", error.errno)


def is_compressed(start: bytes) -> bool:
    """Whether a file that begins with ``start`` (six bytes or more) is compressed."""
    return start[:4] == ZSTD or start[:6] == XZ or start[:2] == GZIP


MEMORY: Final = 2 << 30  # bytes that a dictionary may take


class Incomplete(BadModule):
    """Compressed data ends too early."""


def decompress(data: bytes, subject: str) -> bytes:
    """Undo the gzip, xz or zstd compression of ``data``; return it unchanged if it has none of these.

    Raises BadModule (EINVAL) about ``subject``, Incomplete where it ends early.
    """
    parts: list[bytes] = []
    following = _following(data)
    if following is None:
        return data
    while data:
        part, data = _part(data, subject, LIMIT - sum(map(len, parts)))
        parts.append(part)
        data = following(data)
    return b"".join(parts)


def first(data: bytes, subject: str, *, partial: bool = False) -> tuple[bytes, bytes]:
    """Return the content of the first stream of ``data``, which must be compressed, and what follows it.

    With ``partial`` a stream that ends early gives what it holds. Raises as ``decompress``.
    """
    return _part(data, subject, LIMIT, partial=partial)


def _following(data: bytes) -> Callable[[bytes], bytes] | None:
    """Return what finds the next stream after one in the format of ``data``; None if it is not compressed."""
    if data[:4] == ZSTD:
        return lambda rest: rest
    if data[:6] == XZ:
        return lambda rest: rest.lstrip(b"\0")  # padding between streams
    if data[:2] == GZIP:
        return lambda rest: rest if rest[:2] == GZIP else b""
    return None


def _part(data: bytes, subject: str, left: int, *, partial: bool = False) -> tuple[bytes, bytes]:
    """Decompress the one stream at the start of ``data`` to at most ``left`` bytes."""
    stream, damage = _decompressor(data)
    try:
        found = stream.decompress(data, max(1, left))
    except damage as error:
        raise _damaged(subject, str(error)) from None
    if stream.eof:
        return found, stream.unused_data
    if len(found) >= left:
        raise _damaged(subject, f"it decompresses to more than {LIMIT} bytes")
    if not partial:
        raise _damaged(subject, "it ends too early", Incomplete)
    return found, b""


def _decompressor(data: bytes) -> tuple[Decompressor, type[Exception]]:
    """Return a decompressor for the format of ``data``, and what it raises about damaged data."""
    if data[:4] == ZSTD:
        if sys.version_info >= (3, 14):
            from compression import zstd  # noqa: PLC0415 -- most systems have one compression
        else:
            from backports import zstd  # noqa: PLC0415
        return zstd.ZstdDecompressor(), zstd.ZstdError
    if data[:2] == GZIP:
        import zlib  # noqa: PLC0415 -- see above

        return zlib.decompressobj(31), zlib.error
    import lzma  # noqa: PLC0415 -- see above

    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY), lzma.LZMAError


def _damaged(subject: str, why: str, kind: type[BadModule] = BadModule) -> BadModule:
    return kind(subject, f"{subject}: compressed data cannot be read: {why}", errno.EINVAL)
