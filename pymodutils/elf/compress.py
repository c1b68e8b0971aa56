"""Module files as they are or compressed, told apart by their first bytes, never by their names."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING, Final

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
            """What stands behind the part."""
            ...

        def decompress(self, data: bytes, max_length: int, /) -> bytes:
            """At most ``max_length`` bytes of the part."""
            ...


GZIP: Final = b"\x1f\x8b"
XZ: Final = b"\xfd7zXZ\0"
ZSTD: Final = b"\x28\xb5\x2f\xfd"
LIMIT: Final = 1 << 30  # bytes: no module comes near; a bomb stops here


def read(path: str) -> bytes:
    """The whole content of the file ``path``, decompressed if need be.

    Raises NotFound if it cannot be read, BadModule if its compressed data is damaged or over LIMIT.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise unreadable(path, error) from None
    try:
        return decompress(read_all(fd), path)
    except OSError as error:
        raise unreadable(path, error) from None
    finally:
        os.close(fd)


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


class Incomplete(BadModule):
    """Compressed data ends too early."""


def decompress(data: bytes, subject: str, *, whole: bool = True) -> bytes:
    """``data`` as it was before gzip, xz or zstd; unchanged if it is none of these.

    Unless ``whole``, what follows the first part is not looked at, as kernels do. Raises BadModule (EINVAL)
    about ``subject``, Incomplete where there should be more.
    """
    if data[:4] == ZSTD:
        return _zstd(data, subject, whole=whole)
    if data[:6] == XZ:
        return _xz(data, subject, whole=whole)
    if data[:2] == GZIP:
        return _gzip(data, subject, whole=whole)
    return data


def _zstd(data: bytes, subject: str, *, whole: bool) -> bytes:
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415 -- most systems have one compression
    else:
        from backports import zstd  # noqa: PLC0415

    return _unpacked(
        data, subject, zstd.ZstdDecompressor, zstd.ZstdError, lambda rest: rest if whole else b""
    )


def _xz(data: bytes, subject: str, *, whole: bool) -> bytes:
    import lzma  # noqa: PLC0415 -- see above

    return _unpacked(
        data,
        subject,
        lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ),
        lzma.LZMAError,
        lambda rest: rest.lstrip(b"\0") if whole else b"",  # padding between streams
    )


def _gzip(data: bytes, subject: str, *, whole: bool) -> bytes:
    import zlib  # noqa: PLC0415 -- see above

    return _unpacked(
        data,
        subject,
        lambda: zlib.decompressobj(31),
        zlib.error,
        lambda rest: rest if whole and rest[:2] == GZIP else b"",
    )


def _unpacked(
    data: bytes,
    subject: str,
    start: Callable[[], Decompressor],
    damage: type[Exception],
    following: Callable[[bytes], bytes],
) -> bytes:
    """All parts of ``data``, each by a decompressor of its own; ``following`` finds the next in the rest."""
    parts: list[bytes] = []
    try:
        while data:
            part = start()
            parts.append(part.decompress(data, _left(parts)))
            if not part.eof:
                raise _stopped(parts, subject)
            data = following(part.unused_data)
    except damage as error:
        raise _damaged(subject, str(error)) from None
    return b"".join(parts)


def _left(parts: list[bytes]) -> int:
    return max(1, LIMIT - sum(map(len, parts)))


def _stopped(parts: list[bytes], subject: str) -> BadModule:
    if sum(map(len, parts)) >= LIMIT:
        return _damaged(subject, f"more than {LIMIT} bytes come out of it")
    return _damaged(subject, "it ends too early", Incomplete)


def _damaged(subject: str, why: str, kind: type[BadModule] = BadModule) -> BadModule:
    return kind(subject, f"{subject}: compressed data cannot be read: {why}", errno.EINVAL)
