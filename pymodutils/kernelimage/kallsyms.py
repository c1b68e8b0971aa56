"""All symbols of a kernel, compressed in its image; scripts/kallsyms.c and kernel/kallsyms.c.

Names are rows of one-byte tokens, each representing some characters.
"""

from __future__ import annotations

from array import array
from functools import cached_property, lru_cache
from itertools import count
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

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

    def addresses(self, most: int | None = None) -> list[int]:
        """The address of each symbol, or of the first ``most``."""
        base, stride, offsets = self.base, self.stride, self.offsets[:most]
        if self.absolute:
            return [base - 1 - offset if offset < 0 else offset for offset in offsets]
        if stride:
            return [place + offset for place, offset in zip(count(base, stride), offsets, strict=False)]
        return [base + (offset & 0xFFFF_FFFF) for offset in offsets]


def addresses(packed: bytes, names: Collection[bytes]) -> Symbols:
    """The addresses of the symbols with ``names``, ascending; without names that no symbol has."""
    return _kept(packed).find(names)


def starting(packed: bytes, *prefixes: bytes) -> Iterator[bytes]:
    """The names that start with one of ``prefixes``, in the order of the table."""
    return _kept(packed).starting(*prefixes)


class KallsymsTable:
    """All symbols of a kernel; names are decoded as far as they are wanted."""

    def __init__(self, packed: bytes) -> None:
        self.count, size, base, stride, absolute = HEAD.unpack_from(packed)
        offsets = HEAD.size + size
        end = offsets + 4 * self.count
        self.rows = packed[HEAD.size : offsets]
        self.tokens = packed[end:].split(b"\0")[:TOKENS]
        self.distances = Distances(base, stride, absolute, array("i", packed[offsets:end]))

    @cached_property
    def addresses(self) -> list[int]:
        """The address of each symbol."""
        return self.distances.addresses()

    def find(self, names: Collection[bytes]) -> Symbols:
        """As the function ``addresses``."""
        wanted, found = frozenset(names), dict[bytes, list[int]]()
        for number, name in self._decoded(wanted, wanted.__contains__):
            if name in wanted:
                found.setdefault(name, []).append(self.addresses[number])
        return {name: tuple(sorted(places)) for name, places in found.items()}

    def starting(self, *prefixes: bytes) -> Iterator[bytes]:
        """As the function."""
        return (name for _, name in self._decoded(prefixes, lambda text: text.startswith(prefixes)))

    def named(self, addresses: Collection[int]) -> Iterator[tuple[bytes, int]]:
        """The name and address of each symbol at one of ``addresses``."""
        wanted, tokens = frozenset(addresses), self.tokens
        for address, (at, length) in zip(self.addresses, rows_at(self.rows, 0, self.count), strict=True):
            if address in wanted:
                yield b"".join([tokens[one] for one in self.rows[at : at + length]])[1:], address

    def _decoded(
        self, wanted: Collection[bytes], begun: Callable[[bytes], bool]
    ) -> Iterator[tuple[int, bytes]]:
        """The number and name of each symbol of whose name some first tokens have ``begun`` as wanted."""
        partial = {one[:end] for one in wanted for end in range(len(one))}
        rows, tokens = self.rows + b"\0", self.tokens
        heads = [token[1:] for token in tokens]  # without the letter of the type
        first, second = ([text in partial or begun(text) for text in texts] for texts in (heads, tokens))
        for number, (start, length) in enumerate(rows_at(rows, 0, self.count)):
            one = rows[start]
            if not first[one] or not (heads[one] or second[rows[start + 1]]):
                continue
            text, at, end = heads[one], start + 1, start + length
            while at < end and text in partial:
                text += tokens[rows[at]]
                at += 1
            if begun(text):
                yield number, text + b"".join([tokens[one] for one in rows[at:end]])


_kept = lru_cache(maxsize=2)(KallsymsTable)


def rows_at(data: bytes, at: int, count: int) -> Iterator[tuple[int, int]]:
    """The offset and length of each of ``count`` rows of tokens from ``at`` on."""
    for _ in range(count):
        length, at = data[at], at + 1
        if length & LONG:
            length, at = length & ~LONG | data[at] << 7, at + 1
        yield at, length
        at += length
