"""Read RPM packages: a lead, two headers, and a compressed cpio archive.

https://rpm-software-management.github.io/rpm/manual/format_v4.html, cpio(5) for "newc".
"""

from __future__ import annotations

from struct import unpack_from
from typing import IO, TYPE_CHECKING, Final, cast

from pymodutils.errors import BadKernel
from pymodutils.kernel.sources.stream import Window, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.kernel.sources.limits import Budget

MAGIC: Final = b"\xed\xab\xee\xdb"
LEAD: Final = 96  # bytes
HEADER: Final = b"\x8e\xad\xe8\x01"
INTRO: Final = 16  # bytes of a header before its index: magic, reserved, entries, bytes of data
ENTRY: Final = 16  # bytes of an index entry
CPIO: Final = 110  # bytes before a name: a magic of 6 and 13 hexadecimal numbers of 8 digits
NEWC: Final = (b"070701", b"070702")
LAST: Final = "TRAILER!!!"
LONGEST: Final = 4096  # bytes of a path
S_IFMT, S_IFREG = 0o170000, 0o100000


def members(file: IO[bytes], budget: Budget) -> Iterator[tuple[str, int, IO[bytes]]]:
    """(path, size, content) of each regular file in the package; raises BadKernel."""
    subject = budget.subject
    signature = _header_size(file, LEAD, subject)
    main = LEAD + signature + -signature % 8
    start = main + _header_size(file, main, subject)
    end = file.seek(0, 2)
    yield from _cpio(plain(Window(file, start, end - start), budget), budget)


def _header_size(file: IO[bytes], at: int, subject: str) -> int:
    file.seek(at)
    intro = file.read(INTRO)
    if intro[:4] != HEADER or len(intro) < INTRO:
        raise _bad(subject, f"there is no header at offset {at}")
    entries, data = unpack_from(">II", intro, 8)
    return int(INTRO + entries * ENTRY + data)


def _cpio(stream: IO[bytes], budget: Budget) -> Iterator[tuple[str, int, IO[bytes]]]:
    subject = budget.subject
    while True:
        head = stream.read(CPIO)
        if head[:6] not in NEWC or len(head) < CPIO:
            raise _bad(subject, "its payload is not a cpio archive of the kind newc")
        try:
            numbers = [int(head[at : at + 8], 16) for at in range(6, CPIO, 8)]
        except ValueError:
            raise _bad(subject, "a member of its payload is damaged") from None
        mode, size, length = numbers[1], numbers[6], numbers[11]
        if length > LONGEST:
            raise _bad(subject, f"the name of a member has {length} bytes")
        name = stream.read(length + -(CPIO + length) % 4)[: length - 1].decode("utf-8", "surrogateescape")
        if name == LAST:
            return
        name = name.partition("\0")[0]
        budget.member(name, size)
        content = Window(stream, None, size)
        if mode & S_IFMT == S_IFREG:
            yield name.removeprefix("."), size, cast("IO[bytes]", content)
        content.skip()
        stream.read(-size % 4)


def _bad(subject: str, why: str) -> BadKernel:
    return BadKernel(subject, f"{subject}: not an RPM package that can be read: {why}")
