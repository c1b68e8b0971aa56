"""Parts of files, decompressed while reading, so that packages are never completely in memory."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from typing import IO, TYPE_CHECKING, Final, cast

from pymodutils.elf import compress
from pymodutils.errors import BadKernel
from pymodutils.kernelimage import payload

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.kernel.sources.limits import Budget

CHUNK: Final = 1 << 20
ERRORS: Final = (OSError, EOFError, lzma.LZMAError, zlib.error)  # of the standard library


class Window(io.RawIOBase):
    """``size`` bytes of ``file`` from ``start`` on, or from the current position if None."""

    def __init__(self, file: IO[bytes], start: int | None, size: int) -> None:
        super().__init__()
        self.file, self.left = file, max(0, size)
        if start is not None:
            file.seek(start)

    def readable(self) -> bool:
        """Return True, which the decompressors require."""
        return True

    def readinto(self, buffer: bytearray, /) -> int:  # type: ignore[override]
        """Fill ``buffer`` with the remaining bytes."""
        data = self.file.read(min(len(buffer), self.left))
        self.left -= len(data)
        buffer[: len(data)] = data
        return len(data)

    def skip(self) -> None:
        """Skip to the end."""
        while self.left and self.read(min(CHUNK, self.left)):
            pass


class _Guarded(io.RawIOBase):
    """The output of a decompressor within a budget; its failures are BadKernel."""

    def __init__(self, stream: IO[bytes], name: str, budget: Budget) -> None:
        super().__init__()
        self.stream, self.name, self.budget = stream, name, budget
        self.errors = (*ERRORS, compress.zstd().ZstdError) if name == "zstd" else ERRORS

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray, /) -> int:  # type: ignore[override]
        try:
            part = self.stream.read(len(buffer))
        except self.errors as error:
            raise self._bad(str(error)) from None
        self.budget.read(len(part))
        buffer[: len(part)] = part
        return len(part)

    def _bad(self, why: str) -> BadKernel:
        subject = self.budget.subject
        return BadKernel(subject, f"{subject}: its {self.name} content cannot be read: {why}")


def plain(window: Window, budget: Budget) -> io.BufferedReader:
    """The contents of ``window``, decompressed; raises BadKernel for an unsupported format."""
    buffered = io.BufferedReader(cast("io.RawIOBase", window), CHUNK)
    form = payload.find(buffered.peek(16)[:16])
    name = form.name if form else ""
    if name not in OPENERS:
        subject = budget.subject
        raise BadKernel(subject, f"{subject}: its content is packed with {name}, which packages do not use")
    guarded = cast(
        "io.RawIOBase", _Guarded(cast("IO[bytes]", OPENERS[name](buffered)), name or "plain", budget)
    )
    return io.BufferedReader(guarded, CHUNK)


OPENERS: Final[dict[str, Callable[[IO[bytes]], object]]] = {
    "": lambda file: file,
    "gzip": lambda file: gzip.GzipFile(fileobj=file),
    "bzip2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
    "lzma": lzma.LZMAFile,
    "zstd": lambda file: compress.zstd().ZstdFile(file),
}
