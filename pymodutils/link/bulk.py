"""All relocations of a section at once: grouped by what they do, checked by their extremes, then written."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections import deque
from itertools import chain, islice, repeat
from operator import and_, sub
from typing import TYPE_CHECKING, NamedTuple

from pymodutils.arch.model import CODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pymodutils.arch.model import Fixups, Reloc
    from pymodutils.link.fixups import Packer, Site

    Group = tuple[Reloc, Fixups]


class Doubt(Exception):
    """Something that only looking at each relocation in its turn can decide; nothing has been written."""


class _Patch(NamedTuple):
    """``values`` that fit, to be packed at ``offsets``."""

    packer: Packer
    offsets: Sequence[int]
    values: Iterable[int]


def apply(site: Site, fixups: Fixups) -> None:
    """Apply all ``fixups``; raises Doubt, before anything is written, unless each surely passes."""
    if fixups.refused or max(fixups.symbols, default=0) >= len(site.values):
        raise Doubt
    groups = list(_groups(site, fixups))
    if not _apart(groups):
        raise Doubt
    for patch in [_patch(site, row, group) for row, group in groups]:
        deque(map(patch.packer.pack_into, repeat(site.memory), patch.offsets, patch.values), maxlen=0)


def _groups(site: Site, fixups: Fixups) -> Iterator[Group]:
    """The relocations that do something, by what they do."""
    rows = site.arch.relocs
    present = set(fixups.numbers)
    if not present <= rows.keys():
        raise Doubt
    for members in _alike(rows, present):
        row = rows[min(members)]
        if row.refused:
            raise Doubt
        if not row.stores:
            continue
        everything = members == present
        yield row, fixups if everything else fixups.only(list(map(members.__contains__, fixups.numbers)))


def _alike(rows: Mapping[int, Reloc], present: set[int]) -> Iterable[set[int]]:
    """The numbers that are ``present``, those together that do the same."""
    if len(present) == 1:  # as in most sections
        return [present]
    kinds: dict[object, set[int]] = {}
    for number in present:
        kinds.setdefault(rows[number].action, set()).add(number)
    return kinds.values()


def _apart(groups: Sequence[Group]) -> bool:
    """Whether no two places share a byte."""
    starts = sorted(chain.from_iterable(group.offsets for _, group in groups))
    nearest = min(map(sub, islice(starts, 1, None), starts), default=starts[0] if starts else 0)
    for row, group in groups:
        size = row.field.size
        if size > nearest and any(_next(starts, at) < at + size for at in group.offsets):
            return False
    return nearest > 0 or len(starts) < 2  # noqa: PLR2004 -- one place has no neighbour


def _next(starts: Sequence[int], at: int) -> int:
    """The place after the one at ``at``."""
    found = bisect_right(starts, at)
    return starts[found] if found < len(starts) else sys.maxsize


def _patch(site: Site, row: Reloc, group: Fixups) -> _Patch:
    """What ``group`` writes, if every relocation of it passes."""
    if max(group.offsets) + row.field.size > len(site.memory):
        raise Doubt
    words = _words(site, row, group)
    if site.arch.occupied and any(words):
        raise Doubt
    found = _wrapped(list(map(row.calc, *site.columns(row, group, words))), site.arch.bits)
    if row.range and (found.lowest < row.range.low or found.highest >= row.range.high):
        raise Doubt
    if row.align > 1 and any(map(and_, found.values, repeat(row.align - 1))):
        raise Doubt
    field = row.field
    if not field.whole or field.size not in CODES:
        return _Patch(site.packer(field), group.offsets, field.put_all(words, found.values))
    top = 1 << 8 * field.size
    if -top // 2 <= found.lowest and found.highest < top // 2:
        return _Patch(site.packer(field, CODES[field.size].lower()), group.offsets, found.values)
    return _Patch(site.packer(field), group.offsets, map(and_, found.values, repeat(top - 1)))


class _Values(NamedTuple):
    """What a calculation gave, and its extremes."""

    values: Sequence[int]
    lowest: int
    highest: int


def _wrapped(values: Sequence[int], bits: int) -> _Values:
    """``values`` as signed numbers of ``bits`` bits."""
    lowest, highest = min(values), max(values)
    half = 1 << bits - 1
    if lowest >= -half and highest < half:
        return _Values(values, lowest, highest)
    values = [(value + half & 2 * half - 1) - half for value in values]
    return _Values(values, min(values), max(values))


def _words(site: Site, row: Reloc, group: Fixups) -> Sequence[int]:
    """What stands at the places of ``group``, if anybody wants to know."""
    checked = site.arch.occupied and not site.blank
    in_place = group.A is None and "A" in row.letters
    if checked or in_place or "V" in row.letters or not row.field.whole:
        return site.words(row.field, group.offsets)
    return ()
