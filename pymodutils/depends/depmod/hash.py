"""Paul Hsieh's SuperFastHash, which determines two orders in kmod.

Thousands of names are hashed at once: each name is a 64-bit lane of one long integer, with its hash in the
lower 32 bits, and each step of the hash is one operation on all lanes.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_LANE: Final = 64
_MASK: Final = 0xFFFFFFFF
_TAILS: Final = {1: (10, 1), 2: (11, 17), 3: (16, 11)}  # remaining bytes -> shifts to the left and right


def ordered(names: Iterable[bytes], buckets: int) -> list[bytes]:
    """``names`` in the order of a table with ``buckets`` (a power of two), each bucket sorted."""
    names = sorted(names)
    table: list[list[bytes]] = [[] for _ in range(buckets)]
    for name, value in zip(names, superfast(names), strict=True):
        table[value & (buckets - 1)].append(name)
    return [name for bucket in table for name in bucket]


def superfast(names: list[bytes]) -> list[int]:
    """The hash of each of ``names``, seeded with its length, as on a little-endian machine."""
    found, lengths = [0] * len(names), [len(name) for name in names]
    for rest in range(4):
        places = [at for at, length in enumerate(lengths) if length & 3 == rest]
        places.sort(key=lengths.__getitem__, reverse=True)
        for at, value in zip(places, _hash([names[at] for at in places], rest), strict=True):
            found[at] = value
    return found


def _hash(names: list[bytes], rest: int) -> list[int]:
    """The hashes of ``names``, longest first, whose lengths modulo four are ``rest``."""
    if not names:
        return []
    width = (len(names[0]) | 3) + 1
    table = b"".join([name.ljust(width, b"\0") for name in names])
    halves = memoryview(table).cast("H")
    lengths = [len(name) for name in names]
    value = _lanes(lengths)
    ones = _lanes([1] * len(names))
    blocks = [-(length // 4) for length in lengths]  # ascends
    for block in range(-blocks[0]):
        count = bisect_left(blocks, -block)  # longer names
        part = (1 << _LANE * count) - 1
        mask = ones * _MASK & part
        column = halves[: count * width // 2]
        first = _lanes(column[2 * block :: width // 2].tolist())
        second = _lanes(column[2 * block + 1 :: width // 2].tolist())
        mixed = ((value & part) + first) & mask
        mixed = ((mixed << 16) ^ (second << 11) ^ mixed) & mask
        mixed = (mixed + ((mixed >> 11) & mask)) & mask
        value = (value >> _LANE * count << _LANE * count) | mixed
    return _words(_finish(value, ones * _MASK, names, rest), len(names))


def _finish(value: int, mask: int, names: list[bytes], rest: int) -> int:
    """The last one to three bytes, and the final avalanche."""
    if rest:
        left, right = _TAILS[rest]
        tail = [name[len(name) - rest :] for name in names]
        value = (value + _lanes([_head(part) & _MASK for part in tail])) & mask
        value ^= (value << left) & mask
        if rest == len("xyz"):
            value ^= _lanes([(_signed(part[2]) << 18) & _MASK for part in tail])
        value = (value + ((value >> right) & mask)) & mask
    for left, right in ((3, 5), (4, 17), (25, 6)):
        value ^= (value << left) & mask
        value = (value + ((value >> right) & mask)) & mask
    return value


def _head(part: bytes) -> int:
    """The first half-word of ``part``, or its only byte, signed as in C."""
    return int.from_bytes(part[:2], sys.byteorder) if len(part) > 1 else _signed(part[0])


def _signed(octet: int) -> int:
    return octet - 256 if octet & 128 else octet


def _lanes(values: list[int]) -> int:
    """The integer with ``values`` as lanes, the first one least significant."""
    return int.from_bytes(_little(array("Q", values)).tobytes(), "little")


def _words(value: int, count: int) -> list[int]:
    return _little(array("Q", value.to_bytes(count * _LANE // 8, "little"))).tolist()


def _little(lanes: array[int]) -> array[int]:
    if sys.byteorder == "big":
        lanes.byteswap()
    return lanes
