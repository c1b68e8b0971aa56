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
_HALF: Final = 0xFFFF
_LOWER: Final = 0 if sys.byteorder == "little" else 1  # index of the lower word of a lane in memory
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
    width = len(names[0]) // 4 + 1  # words
    words = array("I", b"".join([name.ljust(4 * width, b"\0") for name in names]))
    lengths = [len(name) for name in names]
    value, ones = _lanes(array("Q", lengths)), _lanes(array("Q", [1]) * len(names))
    blocks = [-(length // 4) for length in lengths]  # ascends
    tails = array("I")
    end = len(names)
    for block in range(width):
        count = bisect_left(blocks, -block)  # longer names
        tails = words[block + count * width : end * width : width] + tails
        end = count
        part = (1 << _LANE * count) - 1
        mask = ones * _MASK & part
        first, second = _halves(words[block : count * width : width], ones & part)
        mixed = ((value & part) + first) & mask
        mixed = ((mixed << 16) ^ (second << 11) ^ mixed) & mask
        mixed = (mixed + ((mixed >> 11) & mask)) & mask
        value = (value >> _LANE * count << _LANE * count) | mixed
    return _words(_finish(value, ones, tails, rest), len(names))


def _finish(value: int, ones: int, tails: array[int], rest: int) -> int:
    """The last one to three bytes, which ``tails`` begin with, and the final avalanche."""
    mask = ones * _MASK
    if rest:
        left, right = _TAILS[rest]
        first, second = _halves(tails, ones)
        value = (value + (_signed(first, ones) if rest == 1 else first)) & mask
        value ^= (value << left) & mask
        if rest == len("xyz"):
            value ^= (_signed(second, ones) << 18) & mask
        value = (value + ((value >> right) & mask)) & mask
    for left, right in ((3, 5), (4, 17), (25, 6)):
        value ^= (value << left) & mask
        value = (value + ((value >> right) & mask)) & mask
    return value


def _halves(words: array[int], ones: int) -> tuple[int, int]:
    """The first and the second half-word of each of ``words`` as lanes; ``ones`` are as many lanes of 1."""
    lanes = array("I", bytes(len(words) * _LANE // 8))
    lanes[_LOWER::2] = words
    value, mask = _lanes(array("Q", lanes.tobytes())), ones * _HALF
    low, high = value & mask, (value >> 16) & mask
    return (low, high) if sys.byteorder == "little" else (high, low)


def _signed(halves: int, ones: int) -> int:
    """The first byte of each of ``halves``, which C takes as a signed one, as 32 bits."""
    octets = (halves if sys.byteorder == "little" else halves >> 8) & ones * 0xFF
    return octets | (octets & ones * 0x80) * (0xFFFFFF00 // 0x80)


def _lanes(values: array[int]) -> int:
    """The integer with ``values``, which it may swap, as lanes, the first one least significant."""
    return int.from_bytes(_little(values).tobytes(), "little")


def _words(value: int, count: int) -> list[int]:
    return _little(array("Q", value.to_bytes(count * _LANE // 8, "little"))).tolist()


def _little(lanes: array[int]) -> array[int]:
    if sys.byteorder == "big":
        lanes.byteswap()
    return lanes
