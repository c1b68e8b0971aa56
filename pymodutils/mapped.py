"""The bytes of a large file, mapped, so that the pages that nobody looks at need not stay in memory.

The file is a private one without a name: a process that cut a mapped file would end this one by SIGBUS.
"""

from __future__ import annotations

import io
import mmap
import os
from typing import IO, Final, Self, cast

LARGE: Final = 8 << 20  # bytes from which on contents are mapped
PIECE: Final = 1 << 20  # bytes that are copied at once


class Mapped(mmap.mmap):
    """A mapped file, to be used as its bytes are."""

    fd = -1

    @classmethod
    def of(cls, fd: int, size: int) -> Self:
        """The first ``size`` bytes of the private file behind ``fd``."""
        found = cls(fd, size, access=mmap.ACCESS_READ)
        found.fd = os.dup(fd)
        return found

    def __del__(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)

    def startswith(self, prefix: bytes, at: int = 0) -> bool:
        """Whether ``prefix`` stands at offset ``at``."""
        return self[at : at + len(prefix)] == prefix

    def endswith(self, suffix: bytes) -> bool:
        """Whether ``suffix`` stands at its end."""
        return self[max(0, len(self) - len(suffix)) :] == suffix

    def let_go(self, start: int, end: int) -> None:
        """Give the memory of the pages from ``start`` to ``end`` back until they are looked at again."""
        start, end = start & -mmap.PAGESIZE, end & -mmap.PAGESIZE
        if end > start:
            self.madvise(mmap.MADV_DONTNEED, start, end - start)


Contents = bytes | Mapped


def spool() -> IO[bytes]:
    """A private file to write to, without a name, in memory as long as it is small."""
    import tempfile  # noqa: PLC0415 -- slow to import, and few modules are large

    return cast("IO[bytes]", tempfile.SpooledTemporaryFile(LARGE))


def settled(file: IO[bytes]) -> Contents:
    """What was written to ``file`` of ``spool``."""
    size = file.tell()
    if size > LARGE:
        file.flush()
        return Mapped.of(file.fileno(), size)
    file.seek(0)
    return file.read()


def patchable(data: Contents) -> bytearray | mmap.mmap:
    """A copy of ``data``, of which only what is changed takes memory if it is mapped."""
    return (
        mmap.mmap(data.fd, len(data), access=mmap.ACCESS_COPY)
        if isinstance(data, Mapped)
        else bytearray(data)
    )


def stream(data: Contents | bytearray | mmap.mmap) -> IO[bytes]:
    """``data`` as a file to be read."""
    return cast("IO[bytes]", data if isinstance(data, mmap.mmap) else io.BytesIO(data))


def cut(data: Contents, size: int) -> Contents:
    """The first ``size`` bytes of ``data``."""
    return Mapped.of(data.fd, size) if isinstance(data, Mapped) and size else data[:size]


def copy(data: Contents, start: int, target: memoryview) -> None:
    """Fill ``target`` with what stands in ``data`` at ``start``; what was mapped for it is let go."""
    with memoryview(data) as source:
        for at in range(0, len(target), PIECE):
            piece = source[start + at : start + min(at + PIECE, len(target))]
            target[at : at + len(piece)] = piece
            if isinstance(data, Mapped):
                data.let_go(start + at, start + at + len(piece))
