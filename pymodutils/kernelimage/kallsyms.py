"""All symbols of a kernel, compressed in its image; scripts/kallsyms.c and kernel/kallsyms.c.

Names are rows of one-byte tokens, each representing some characters.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from functools import lru_cache
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    Symbols = Mapping[bytes, tuple[int, ...]]  # addresses by name

TOKENS: Final = 256
LONG: Final = 0x80  # of a length in two bytes
HEAD: Final = Struct("<IIQI?3x")  # symbols, bytes of their rows, and of Distances all but the offsets


class Distances(NamedTuple):
    """Symbol addresses as offsets."""

    base: int
    stride: int  # what is added to the base for each symbol
    absolute: bool  # non-negative numbers are addresses (per-CPU symbols), others are relative to the base
    offsets: array[int]

    def address(self, at: int) -> int:
        """The address of symbol ``at``."""
        offset = self.offsets[at]
        if self.absolute:
            return self.base - 1 - offset if offset < 0 else offset
        return self.base + self.stride * at + (offset if self.stride else offset & 0xFFFF_FFFF)


def addresses(packed: bytes, name: str) -> tuple[int, ...]:
    """The addresses of all symbols named ``name``, ascending."""
    return _kept(packed).get(name.encode("utf-8", "surrogateescape"), ())


class KallsymsTable(Mapping[bytes, tuple[int, ...]]):
    """The addresses of all symbols, ascending, by their names; some 20 MB."""

    def __init__(self, packed: bytes) -> None:
        count, size, base, stride, absolute = HEAD.unpack_from(packed)
        rows, rest = packed[HEAD.size : HEAD.size + size], packed[HEAD.size + size :]
        self.distances = Distances(base, stride, absolute, array("i", rest[: 4 * count]))
        self.names = _names_of(rows, count, rest[4 * count :].split(b"\0")[:TOKENS])
        self.last = dict(zip(self.names, range(count), strict=True))
        self.first = dict(zip(reversed(self.names), reversed(range(count)), strict=True))

    def __getitem__(self, name: bytes) -> tuple[int, ...]:
        last, found = self.last[name], [self.first[name]]
        while found[-1] != last:
            found.append(self.names.index(name, found[-1] + 1))
        return tuple(sorted(map(self.distances.address, found)))

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.last)

    def __len__(self) -> int:
        return len(self.last)


_kept = lru_cache(maxsize=2)(KallsymsTable)


def _names_of(rows: bytes, count: int, tokens: list[bytes]) -> list[bytes]:
    """The names of ``count`` rows of tokens, without the letters of their types."""
    parts, end = list(map(tokens.__getitem__, rows)), 0
    for at, length in rows_at(rows, 0, count):
        parts[end], parts[at - 1] = b"", b"\0"  # the length, in one or two bytes
        end = at + length
    return [name[1:] for name in b"".join(parts[:end]).split(b"\0")[1:]]


def rows_at(data: bytes, at: int, count: int) -> Iterator[tuple[int, int]]:
    """The offset and length of each of ``count`` rows of tokens from ``at`` on."""
    for _ in range(count):
        length, at = data[at], at + 1
        if length & LONG:
            length, at = length & ~LONG | data[at] << 7, at + 1
        yield at, length
        at += length
