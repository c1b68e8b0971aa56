"""Determine the link address of a raw image from its own relocations.

Until the kernel relocates itself, the target of each relocation contains zeros or its value; with RELR, an
address within the image. For most relocations, this holds for only one base.
"""

from __future__ import annotations

from struct import iter_unpack, pack
from typing import TYPE_CHECKING, Final

from pymodutils.kernelimage import relr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ENTRY: Final = 24  # bytes of Elf64_Rela
FEWEST: Final = 200  # minimum number of consecutive entries
SAMPLE: Final = 8000  # entries checked
PACKED_SAMPLE: Final = 500  # places of RELR checked
ALIGN: Final = 0x10000  # alignment of the kernel's start
BEYOND: Final = 0x100_0000  # bytes of .bss, which the file does not have


def find(data: bytes, relative: int) -> int | None:
    """The link address of the first byte of the image ``data``; None if unknown.

    ``relative`` is the machine's R_*_RELATIVE, or 0.
    """
    start = _relocations(data, relative) if relative else None
    if start is not None:
        rows = iter_unpack("<QQQ", data[start : start + SAMPLE * ENTRY])
        values = {place: value for place, kind, value in rows if kind == relative}
        return _best(data, values, lambda base: _written(data, values, base))
    places = relr.places(data, PACKED_SAMPLE) if relative else []
    return _best(data, places, lambda base: _pointing(data, places, base)) if places else None


def _best(data: bytes, places: Iterable[int], vote: Callable[[int], int]) -> int | None:
    """The start with the highest vote of those for which ``data`` has all ``places``; None if two have it."""
    lowest = (max(places) + 8 - len(data)) // ALIGN * ALIGN + ALIGN
    highest = min(places) // ALIGN * ALIGN
    votes = {base: vote(base) for base in range(lowest, highest + 1, ALIGN)}
    best = max(votes, key=votes.__getitem__, default=0)
    return best if votes and list(votes.values()).count(votes[best]) == 1 else None


def _relocations(data: bytes, relative: int) -> int | None:
    """The offset of the first of many consecutive entries."""
    kind = pack("<Q", relative)
    at = data.find(kind)
    while at >= 0:
        row = data[at : at + FEWEST * ENTRY]
        if at % 8 == 0 and all(row[step : step + 8] == kind for step in range(0, FEWEST * ENTRY, ENTRY)):
            return at - 8
        at = data.find(kind, at + 8)
    return None


def _written(data: bytes, values: dict[int, int], base: int) -> int:
    """The number of places with their value for an image at ``base``; -1 if one is neither that nor zero."""
    count = 0
    for place, value in values.items():
        held = data[place - base : place - base + 8]
        if held == value.to_bytes(8, "little"):
            count += 1
        elif held != bytes(8):
            return -1
    return count


def _pointing(data: bytes, places: Iterable[int], base: int) -> int:
    """The number of places with an address of an image at ``base``."""
    held = (int.from_bytes(data[place - base : place - base + 8], "little") for place in places)
    return sum(base <= value < base + len(data) + BEYOND for value in held)
