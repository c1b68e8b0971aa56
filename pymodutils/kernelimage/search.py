"""Find export tables in an image without section headers by their structure.

The tables contain symbols that nearly every kernel exports. An entry must point to the name of each; its
neighbours are entries too, in the order of their names, and the CRCs follow the last table.
"""

from __future__ import annotations

from struct import pack
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.elf.ksymtab import GPL_FLAG, KsymtabFormat, gpl_only
from pymodutils.kernelimage import anchors
from pymodutils.kernelimage.exports import (
    GPL_TABLES,
    NARROW,
    SHAPES,
    TABLES,
    ExportTable,
    entries,
    name_of,
    read_crcs,
)
from pymodutils.kernelimage.memory import ImageMemory, at_base

if TYPE_CHECKING:
    from collections.abc import Iterator

TRIED: Final = 6  # anchors tried
STEP: Final = 64  # entries checked at once
FEWEST: Final = 16  # minimum entries of a table
SLACK: Final = 64  # bytes of padding, or of strings without an entry


class FoundTables(NamedTuple):
    """Export tables, and their memory."""

    memory: ImageMemory
    shape: KsymtabFormat
    tables: list[ExportTable]
    crcs_known: bool  # False: other data is in place of the CRCs


def search(data: bytes, bits: int, order: str, *, relative: bool) -> FoundTables | None:
    """The tables in ``data``; None if there are none.

    Relative entries are searched for first if ``relative``, else entries with pointers.
    """
    places = anchors.places(data)
    for distances in (relative, not relative):
        base = 0 if distances else anchors.base(data, places, bits, order)
        if base is not None:
            found = _around(at_base(data, base, bits, order), places[:TRIED], relative=distances)
            if found:
                return found
    return None


def _around(memory: ImageMemory, places: list[list[int]], *, relative: bool) -> FoundTables | None:
    """The tables around the first of the strings at ``places`` that has an entry."""
    for field in (field for found in places for place in found for field in _naming(memory, place, relative)):
        for shape in SHAPES:
            if shape.relative == relative:
                start, names = _walk(memory, shape, field - shape.size(memory.bits) // shape.fields)
                if len(names) >= FEWEST:
                    return _found(memory, shape, start, names)
    return None


def _naming(memory: ImageMemory, place: int, relative: bool) -> Iterator[int]:
    """The offsets of fields that refer to the string at ``place``."""
    if relative:
        yield from _distances(memory, place)
        return
    wanted = pack(memory.prefix + memory.long, memory.address(place))
    at = memory.data.find(wanted)
    while at >= 0:
        if at % memory.word == 0:
            yield at
        at = memory.data.find(wanted, at + 1)


def _distances(memory: ImageMemory, place: int) -> Iterator[int]:
    """The offsets of 32-bit words that contain their own distance to ``place``.

    Within 64 KiB, the upper half of such a word has one of two values; these are searched for.
    """
    data, half = memory.data, 2 if memory.order == "little" else 0
    for chunk in range(0, len(data), 0x10000):
        for upper in {(place - chunk) >> 16 & 0xFFFF, (place - chunk - 0xFFFF) >> 16 & 0xFFFF}:
            wanted = pack(memory.prefix + "H", upper)
            at = data.find(wanted, chunk, chunk + 0x10002)
            while at >= 0:
                field = at - half
                if field % NARROW == 0 and data[field : field + 4] == _distance(memory, place - field):
                    yield field
                at = data.find(wanted, at + 1, chunk + 0x10002)


def _distance(memory: ImageMemory, distance: int) -> bytes:
    return pack(memory.prefix + "I", distance & 0xFFFFFFFF)


def _walk(memory: ImageMemory, shape: KsymtabFormat, entry: int) -> tuple[int, list[bytes]]:
    """The offset of the first of the entries around ``entry``, and the names of all of them."""
    size = shape.size(memory.bits)
    after = list(_names(memory, shape, entry, size))
    before = list(_names(memory, shape, entry - size, -size)) if after else []
    return entry - len(before) * size, before[::-1] + after


def _names(memory: ImageMemory, shape: KsymtabFormat, at: int, step: int) -> Iterator[bytes]:
    """The names of the entries from ``at`` on, upwards or downwards, up to a non-entry."""
    size = abs(step)
    while True:
        count = min(STEP, (len(memory.data) - at) // size if step > 0 else at // size + 1)
        if count <= 0 or at < 0:
            return
        start = at if step > 0 else at - (count - 1) * size
        rows = entries(memory, shape, start, count)
        for _, name, space in rows if step > 0 else reversed(rows):
            text = name_of(memory, name, space)
            if not text:
                return
            yield text
        at += count * step


def _found(memory: ImageMemory, shape: KsymtabFormat, start: int, names: list[bytes]) -> FoundTables | None:
    """The run of entries split into tables: a table ends before a smaller name."""
    size = shape.size(memory.bits)
    cuts = [at for at in range(1, len(names)) if names[at] <= names[at - 1]]
    bounds = [0, *cuts, len(names)]
    if len(bounds) - 1 > len(TABLES):
        return None
    behind = _behind(memory, shape, start, len(names))
    tables = [
        ExportTable(
            start + first * size,
            last - first,
            behind.crcs and behind.crcs[first:last],
            behind.gpl[first:last] if behind.gpl else [kind in GPL_TABLES] * (last - first),
        )
        for first, last, kind in zip(bounds, bounds[1:], TABLES, strict=False)
    ]
    return FoundTables(memory, shape, tables, behind.known)


class _Behind(NamedTuple):
    """The data between the tables and the strings."""

    crcs: list[int] | None = None
    gpl: list[bool] | None = None
    known: bool = True  # whether all of it was recognised


def _behind(memory: ImageMemory, shape: KsymtabFormat, start: int, count: int) -> _Behind:
    """CRCs, and from 7.0 on a byte of flags for each entry, if there is room."""
    rows = entries(memory, shape, start, count)
    end = start + count * shape.size(memory.bits)
    gap = min(memory.offset(name) or 0 for row in rows for name in row[1:] if name) - end
    for size in (0, NARROW, memory.word):
        if 0 <= gap - count * size < SLACK:
            return _Behind(crcs=read_crcs(memory, end, count, size))
        if 0 <= gap - count * (size + 1) < SLACK:
            marks, crcs = _flags(memory.data, end, count, size)
            return _Behind(read_crcs(memory, crcs, count, size), gpl_only(marks), known=bool(marks))
    return _Behind(known=False)


def _flags(data: bytes, end: int, count: int, size: int) -> tuple[bytes, int]:
    """The flags, before or after CRCs of ``size`` bytes, and the place of the CRCs; b"" if neither fits."""
    for at, crcs in ((end, end + count), (end + count * size, end)):
        if max(data[at : at + count], default=0) <= GPL_FLAG:
            return data[at : at + count], (crcs + NARROW - 1) // NARROW * NARROW
    return b"", end
