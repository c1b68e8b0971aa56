"""Store memory contents without long runs of zeros, such as .bss.

The stored form is a sequence of runs: offset and length (64 bits, little endian), and the bytes.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final, Protocol

from pymodutils.blank import blank, is_blank

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.blank import Blank

    class File(Protocol):
        """What is read and written from its start to its end."""

        def __len__(self) -> int: ...

        def read(self, length: int = -1, /) -> bytes:
            """The next ``length`` bytes, or what is left."""
            ...

        def write(self, data: bytes | memoryview, /) -> object:
            """Put ``data`` where it stands."""
            ...


BLOCK: Final = 1 << 16  # bytes compared at once
PIECE: Final = 1 << 20  # bytes that are read and written at once
RUN: Final = Struct("<QQ")


def size(content: Blank) -> int:
    """Bytes that ``content`` takes when it is stored."""
    with memoryview(content) as view:
        return sum(RUN.size + end - start for start, end in _runs(view))


def pack(content: Blank, file: File) -> None:
    """Write ``content`` to ``file``, which has room for ``size`` of it."""
    with memoryview(content) as view:
        for start, end in _runs(view):
            file.write(RUN.pack(start, end - start))
            for at in range(start, end, PIECE):
                with view[at : min(at + PIECE, end)] as piece:
                    file.write(piece)


def _runs(view: memoryview) -> Iterator[tuple[int, int]]:
    """Start and end of each run of blocks that are not all zeros."""
    start = -1
    for at in range(0, len(view), BLOCK):
        with view[at : at + BLOCK] as block:
            empty = is_blank(block)
        if empty and start >= 0:
            yield start, at
            start = -1
        elif not empty and start < 0:
            start = at
    if start >= 0:
        yield start, len(view)


def unpacked(file: File, size: int) -> Blank:
    """The ``size`` bytes of which ``file`` tells; raises ValueError if it is damaged."""
    content, left = blank(size), len(file)
    while left:
        if left < RUN.size:
            raise ValueError("the contents of an area are cut off")
        start, length = RUN.unpack(file.read(RUN.size))
        left -= RUN.size
        if start + length > size or length > left:
            raise ValueError("the contents of an area are larger than it")
        for at in range(start, start + length, PIECE):
            piece = min(PIECE, start + length - at)
            content[at : at + piece] = file.read(piece)
        left -= length
    return content
