"""Read tar archives as streams: POSIX ustar and pax, GNU's long names; pax(1), tar(5)."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Final, cast

from pymodutils.errors import BadKernel
from pymodutils.kernel.sources.stream import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.kernel.sources.limits import Budget

BLOCK: Final = 512
REGULAR: Final = (b"0", b"\0", b"7")
PAX, GLOBAL, LONG_NAME, LONG_LINK, SPARSE = b"x", b"g", b"L", b"K", b"S"
EXTENDED: Final = (PAX, GLOBAL, LONG_NAME, LONG_LINK)
LONGEST: Final = 1 << 16  # bytes of an extended header


def is_tar(block: bytes) -> bool:
    """Whether an archive begins with ``block``."""
    return len(block) == BLOCK and _number(block[148:156]) == _checksum(block)


def members(stream: IO[bytes], budget: Budget) -> Iterator[tuple[str, int, IO[bytes]]]:
    """(path, size, content) of each regular file; raises BadKernel for a damaged archive or a limit."""
    told: dict[bytes, bytes] = {}  # values for the next member from extended headers
    while True:
        block = stream.read(BLOCK)
        if not block.strip(b"\0") and len(block) == BLOCK:
            return
        if not is_tar(block):
            raise _bad(budget, "it ends early" if len(block) < BLOCK else "a header is damaged")
        kind, size = block[156:157], _number(block[124:136])
        if kind in EXTENDED:
            told |= _extended(stream, budget, kind, size)
            continue
        name, size = _named(block, told), _size(told, size, budget)
        sparse = kind == SPARSE or any(key.startswith(b"GNU.sparse.") for key in told)
        told = {}
        budget.member(name, size)
        content = Window(stream, None, size)
        if kind in REGULAR and not name.endswith("/") and not sparse:
            yield name, size, cast("IO[bytes]", content)
        content.skip()
        _pad(stream, size)


def _extended(stream: IO[bytes], budget: Budget, kind: bytes, size: int) -> dict[bytes, bytes]:
    """Read an extended header."""
    if not 0 <= size <= LONGEST:
        raise _bad(budget, f"an extended header has {size} bytes")
    budget.member("", size)
    data = stream.read(size)
    _pad(stream, size)
    if kind == LONG_NAME:
        return {b"path": data.partition(b"\0")[0]}
    return dict(_records(data, budget)) if kind == PAX else {}


def _records(data: bytes, budget: Budget) -> Iterator[tuple[bytes, bytes]]:
    """(keyword, value) of each record ``LENGTH KEYWORD=VALUE`` of a pax header."""
    at = 0
    while at < len(data):
        digits, blank, _ = data[at : at + 20].partition(b" ")
        length = int(digits) if digits.isdigit() else 0
        record = data[at + len(digits) + 1 : at + length]
        if not blank or not record.endswith(b"\n") or at + length > len(data):
            raise _bad(budget, "an extended header is damaged")
        key, _, value = record[:-1].partition(b"=")
        yield key, value
        at += length


def _named(block: bytes, told: dict[bytes, bytes]) -> str:
    name = told.get(b"path")
    if name is None:
        name = block[:100].partition(b"\0")[0]
        prefix = block[345:500].partition(b"\0")[0] if block[257:263] == b"ustar\0" else b""
        name = prefix + b"/" + name if prefix else name
    return name.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _size(told: dict[bytes, bytes], size: int, budget: Budget) -> int:
    if b"size" in told:
        size = int(told[b"size"]) if told[b"size"].isdigit() and len(told[b"size"]) < 20 else -1  # noqa: PLR2004 -- digits of 64 bits
    if size < 0:
        raise _bad(budget, "the size of a member is damaged")
    return size


def _number(field: bytes) -> int:
    """The number in ``field``, octal or (GNU) big-endian after a byte 0x80; -1 if it is neither."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    try:
        return int(digits or b"0", 8)
    except ValueError:
        return -1


def _checksum(block: bytes) -> int:
    return sum(block[:148]) + 8 * 0x20 + sum(block[156:])


def _pad(stream: IO[bytes], size: int) -> None:
    stream.read(-size % BLOCK)


def _bad(budget: Budget, why: str) -> BadKernel:
    return BadKernel(budget.subject, f"{budget.subject}: its tar archive cannot be read: {why}")
