"""Find the tables of kallsyms in a kernel image; scripts/kallsyms.c.

The token table is found by the tokens of the digits, which every kernel has; the positions of the other
tables follow from it.
"""

from __future__ import annotations

import re
from array import array
from itertools import accumulate
from struct import Struct, pack, unpack_from
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.kernelimage.kallsyms import HEAD, LONG, TOKENS, Distances, rows_at

if TYPE_CHECKING:
    from pymodutils.kernelimage.memory import ImageMemory

DIGITS: Final = b"".join(b"%d\0" % digit for digit in range(10))
BEFORE_DIGITS: Final = ord("0")  # tokens
SPAN: Final = 256  # symbols from one marker to the next
MOST: Final = 1 << 20  # symbols
LONGEST: Final = 128  # maximum bytes of a row of tokens
MARK: Final = 4  # bytes of a marker
FEWEST: Final = 16  # markers
REACH: Final = 32 << 20  # bytes of the rows and of the tables between them and the tokens
SAMPLE: Final = 2000  # symbols whose order is checked
FALLS: Final = 8  # of them that may be out of order
PAGE: Final = 4096  # bytes: what the start of a kernel is aligned to, at least


class _Names(NamedTuple):
    """The places of the parts of a name table."""

    start: int  # of the rows
    symbols: int
    end: int


def find(memory: ImageMemory) -> bytes | None:
    """The symbols in ``memory``, packed for ``addresses``; None if not found."""
    places = (match.start() for match in re.finditer(DIGITS, memory.data))  # bytes.find is slow with zeros
    tables = (_at_digits(memory, at) for at in places)
    return next((table for table in tables if table is not None), None)


def _at_digits(memory: ImageMemory, at: int) -> bytes | None:
    """The symbols whose digit tokens are at ``at``."""
    data = memory.data
    for _ in range(BEFORE_DIGITS - 1):
        at = data.rfind(b"\0", 0, max(at - 1, 0)) + 1
    rest = data[at : at + TOKENS * LONGEST].split(b"\0", TOKENS - 1)[: TOKENS - 1]  # of all but the first
    places = list(accumulate((len(token) + 1 for token in rest), initial=0))
    end = at + places.pop()
    for start in {_aligned(end, 4), _aligned(end, memory.word)}:
        index = (
            unpack_from(f"{memory.prefix}{TOKENS}H", data, start) if start + 2 * TOKENS <= len(data) else ()
        )
        if index and index[1] and [place - index[1] for place in index[1:]] == places:
            first = data[at - index[1] : at - 1]
            return _packed(memory, [first, *rest], at - index[1], start + 2 * TOKENS)
    return None


def _packed(memory: ImageMemory, tokens: list[bytes], start: int, end: int) -> bytes | None:
    """The symbols whose ``tokens`` and token index are from ``start`` to ``end``."""
    names = _names(memory, start)
    values = names and _values(memory, names, end)
    if not names or not values:
        return None
    rows = memory.data[names.start : names.end]
    head = HEAD.pack(names.symbols, len(rows), values.base, values.stride, values.absolute)
    return head + rows + values.offsets.tobytes() + b"\0".join(tokens) + b"\0"


def _names(memory: ImageMemory, tokens: int) -> _Names | None:
    """The rows of tokens that the table at ``tokens`` is of: the number of symbols stands before them."""
    return _by_markers(memory, tokens) or _by_base(memory, tokens)


def _by_markers(memory: ImageMemory, tokens: int) -> _Names | None:
    """The rows, found by the markers before the tokens."""
    data, word = memory.data, Struct(f"{memory.prefix}I")
    markers: list[int] = []
    at = tokens - tokens % MARK
    while at >= MARK and not word.unpack_from(data, at - MARK)[0]:
        at -= MARK  # padding
    while at >= MARK and len(markers) < MOST // SPAN:
        (value,) = word.unpack_from(data, at - MARK)
        if markers and value >= markers[0]:
            return None
        markers.insert(0, value)
        at -= MARK
        if not value:
            break
    if len(markers) < FEWEST or markers[0]:
        return None
    last = at - markers[-1]
    for start in range(last - last % 4, max(last - SPAN * LONGEST, 8), -4):
        for gap in {4, memory.word}:
            (count,) = word.unpack_from(data, start - gap)
            rest = count - (len(markers) - 1) * SPAN
            if 0 < rest <= SPAN and _end(data, start, SPAN) == start + markers[1]:
                return _Names(start, count, _end(data, start + markers[-1], rest))
    return None


def _end(data: bytes, start: int, count: int) -> int:
    """The end of ``count`` rows from ``start`` on."""
    *_, (at, length) = rows_at(data, start, count)
    return at + length


def _by_base(memory: ImageMemory, tokens: int) -> _Names | None:
    """The rows, found by kallsyms_relative_base before them: the start of the kernel's text or data."""
    for region in memory.regions:
        if not region.address:  # base of x86's per-CPU data; zero words are half of an image
            continue
        wanted = pack(memory.prefix + memory.long, region.address)
        at = memory.data.find(wanted, max(tokens - REACH, 0), tokens)
        while at >= 0:
            (count,) = unpack_from(f"{memory.prefix}I", memory.data, at + memory.word)
            found = _rows_of(memory, at + 2 * memory.word, count) if SPAN < count < MOST else None
            if found and found.end < tokens:
                return found
            at = memory.data.find(wanted, at + 1, tokens)
    return None


def _rows_of(memory: ImageMemory, start: int, count: int) -> _Names | None:
    """``count`` rows from ``start`` on, if markers follow them."""
    data, places, end = memory.data, list[int](), start
    try:
        for number, (at, length) in enumerate(rows_at(data, start, count)):
            if not number % SPAN:
                places.append(at - start - 1 - (length >= LONG))
            end = at + length
    except IndexError:
        return None
    for to in (4, 8):
        markers = _aligned(end, to)
        if places == list(unpack_from(f"{memory.prefix}{len(places)}I", data, markers)):
            return _Names(start, count, end)
    return None


def _values(memory: ImageMemory, names: _Names, behind: int) -> Distances | None:
    """The address table: before the names until 6.3, later at ``behind``."""
    start = _aligned(behind, memory.word)
    found = _based(memory, names.symbols, start, _aligned(start + 4 * names.symbols, memory.word))
    if found is None:
        place = (names.start - 2 * memory.word) // memory.word * memory.word
        found = _based(memory, names.symbols, (place - 4 * names.symbols) // memory.word * memory.word, place)
    return found or _relative(memory, names.symbols, _aligned(behind, 4))


def _based(memory: ImageMemory, count: int, start: int, place: int) -> Distances | None:
    """Offsets from the address stored at ``place``; kallsyms_relative_base."""
    if start < 0 or place + memory.word > len(memory.data):
        return None
    base = _base(memory, place)
    if base is None:
        return None
    offsets = _offsets(memory, start, count)
    found = Distances(base, 0, min(offsets) < 0, offsets)
    return found if _ascend(found) else None


def _base(memory: ImageMemory, place: int) -> int | None:
    """The address stored at ``place``, if it is in the kernel."""
    (base,) = unpack_from(f"{memory.prefix}{memory.long}", memory.data, place)
    start = memory.regions[0].address if len(memory.regions) == 1 else None
    if start and not base:  # a raw image that writes its addresses at boot
        return start
    if start == 0 and not base % PAGE:  # one of which it is not known where it lies
        return base or None
    return None if memory.offset(base) is None else base


def _relative(memory: ImageMemory, count: int, start: int) -> Distances | None:
    """Distances from where each is written, as since 7.0; none is 0, so that is padding."""
    if memory.data[start : start + 4] == bytes(4):
        start += 4
    if start + 4 * count > len(memory.data):
        return None
    found = Distances(memory.address(start), 4, absolute=False, offsets=_offsets(memory, start, count))
    return found if _ascend(found) else None


def _offsets(memory: ImageMemory, start: int, count: int) -> array[int]:
    return array("i", unpack_from(f"{memory.prefix}{count}i", memory.data, start))


def _ascend(values: Distances) -> bool:
    """Whether the checked addresses are ascending."""
    some = values.addresses(SAMPLE)
    return sum(some[at] < some[at - 1] for at in range(1, len(some))) < FALLS


def _aligned(offset: int, to: int) -> int:
    return -(-offset // to) * to
