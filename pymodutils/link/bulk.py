"""All relocations of a section at once: grouped by what they do, checked by their extremes, then written."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from itertools import chain, compress, islice, repeat
from operator import le, sub
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from pymodutils.arch.lanes import MANY, every, packed
from pymodutils.arch.making import Many, Refusal, Whole
from pymodutils.arch.model import Fixups
from pymodutils.link.fixups import CONSTANT, Doubt

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from typing import Any

    from pymodutils.arch.lanes import Lanes
    from pymodutils.arch.making import Maker
    from pymodutils.arch.model import Reloc
    from pymodutils.link.fixups import Packer, Site

INSTRUCTION: Final = 4  # bytes
BYTE: Final = 0xFF
LETTERS: Final = "SAPVGLBD"  # each of which may be about a word


class _Group(NamedTuple):
    """Relocations that do what ``row`` says; ``number`` is that of some of them."""

    row: Reloc
    number: int
    fixups: Fixups


class _Patch(NamedTuple):
    """``values`` that fit, to be packed at ``offsets``."""

    packer: Packer
    offsets: Sequence[int]
    values: Iterable[int]


def apply(site: Site, fixups: Fixups, maker: Maker | None = None) -> None:
    """Apply all ``fixups``; raises Doubt, before anything is written, unless each surely passes.

    ``maker`` is asked for what is made for them; without it, that is known.
    """
    if fixups.refused or max(fixups.symbols, default=0) >= len(site.values):
        raise Doubt
    whole = Whole(fixups, site.signed, site.base, site.at in site.image.module.frobbed.orders)
    groups = [(group.row, _made(site, group, whole, maker)) for group in _groups(site, fixups)]
    spots = [(row.field.size, group.offsets) for row, group in groups]
    if maker and maker.also:
        spots.append((INSTRUCTION, [place - site.base for place in maker.also]))
    if not _apart(spots):
        raise Doubt
    portions = [(row, part) for row, group in groups for part in group.portions(MANY)]
    for patch in [_patch(site, row, part) for row, part in portions]:
        deque(map(patch.packer.pack_into, repeat(site.memory), patch.offsets, patch.values), maxlen=0)


def _groups(site: Site, fixups: Fixups) -> Iterator[_Group]:
    """The relocations that do something, by what they do."""
    rows = site.arch.relocs
    present = set(fixups.numbers)
    if not present <= rows.keys():
        raise Doubt
    kinds = _alike(rows, present)
    codes = _codes(fixups.numbers, present) if len(kinds) > 1 else b""
    for members in kinds:
        row = rows[min(members)]
        if row.refused or (row.makes and not row.stores and fixups.L is None):
            raise Doubt
        if row.stores:
            mask = _mask(members, fixups.numbers, codes) if len(kinds) > 1 else None
            yield _Group(row, min(members), _only(row, fixups, mask))


def _alike(rows: Mapping[int, Reloc], present: set[int]) -> Collection[set[int]]:
    """The numbers that are ``present``, those together that do the same."""
    if len(present) == 1:  # as in most sections
        return [present]
    kinds: dict[object, set[int]] = {}
    for number in present:
        kinds.setdefault(rows[number].action, set()).add(number)
    return kinds.values()


def _codes(numbers: Sequence[int], present: set[int]) -> bytes:
    """``numbers`` as bytes, nothing if different ones of those ``present`` would be the same."""
    if max(present) <= BYTE:
        return bytes(numbers)
    apart = len({number & BYTE for number in present}) == len(present)
    return bytes(map(BYTE.__and__, numbers)) if apart else b""


def _mask(members: AbstractSet[int], numbers: Sequence[int], codes: bytes) -> Sequence[int]:
    """Which of ``numbers``, or of their ``codes``, are ``members``, by ones and zeros."""
    if not codes:
        return list(map(members.__contains__, numbers))
    table = bytearray(BYTE + 1)
    for number in members:
        table[number & BYTE] = 1
    return codes.translate(table)


def _only(row: Reloc, fixups: Fixups, mask: Sequence[int] | None) -> Fixups:
    """Those of ``fixups`` that ``mask`` chooses, with the columns that ``row`` is about to ask for."""
    wanted = {*row.letters, *("SA" if row.makes and fixups.L is None else "")}

    def column(letters: str, found: Sequence[int] | None) -> Any:
        if found is None or wanted.isdisjoint(letters):
            return None
        return found if mask is None else list(compress(found, mask))

    symbols = column("S", fixups.symbols) if fixups.S is None else None
    offsets = fixups.offsets if mask is None else list(compress(fixups.offsets, mask))
    rest = map(column, ("A", "S", "P", "LG", "D", LETTERS), fixups[3:9])
    return Fixups((), symbols or (), offsets, *rest)


def _made(site: Site, group: _Group, whole: Whole, maker: Maker | None) -> Fixups:
    """What is in ``group`` with what has been made for it; raises Doubt if that depends on others."""
    row, number, fixups = group
    if not row.makes or fixups.L is not None:
        return fixups
    if maker is None or max(fixups.offsets) + row.field.size > len(site.memory):
        raise Doubt
    if fixups.A is None:
        words = site.words(row.field, fixups.offsets)
        fixups = fixups._replace(A=list(row.field.get_all(words)), V=words)
    try:
        L = maker.together(Many(number, fixups, whole))
    except Refusal:
        L = None
    if L is None:
        raise Doubt
    return fixups._replace(L=list(L))


def _apart(spots: Sequence[tuple[int, Sequence[int]]]) -> bool:
    """Whether no two of ``spots``, places of as many bytes, share one."""
    starts = sorted(chain.from_iterable(offsets for _, offsets in spots))
    sizes = {size for size, _ in spots}
    if min(map(sub, islice(starts, 1, None), starts), default=max(sizes, default=0)) >= max(sizes, default=0):
        return True
    ends = sorted(chain.from_iterable(map(size.__add__, offsets) for size, offsets in spots))
    return all(map(le, ends, islice(starts, 1, None)))


def _patch(site: Site, row: Reloc, group: Fixups) -> _Patch:
    """What ``group`` writes, if every relocation of it passes."""
    if max(group.offsets) + row.field.size > len(site.memory):
        raise Doubt
    words = _words(site, row, group)
    if site.arch.occupied and any(words):
        raise Doubt
    values = _values(site, row, group, words)
    if row.range and not values.within(row.range):
        raise Doubt
    if row.align > 1 and not values.aligned(row.align):
        raise Doubt
    return _Patch(site.packer(row.field), group.offsets, row.field.put_all(words, values))


def _values(site: Site, row: Reloc, group: Fixups, words: Sequence[int]) -> Lanes:
    """What the calculation gives for each of ``group``, of the machine's width."""
    count, bits = len(group.offsets), site.arch.bits
    if row.of_many:
        with suppress(OverflowError):
            given = [_lanes(site, row, letter, group, words) for letter in row.letters]
            return cast("Lanes", row.calc(*given)).signed(bits)
    half = 1 << bits - 1
    results = map(row.calc, *site.columns(row, group, words))
    return packed([(value + half & 2 * half - 1) - half for value in results], count)


def _lanes(site: Site, row: Reloc, letter: str, group: Fixups, words: Sequence[int]) -> Lanes:
    """What ``letter`` stands for in each of ``group``."""
    if letter == "P" and group.P is None:
        return packed(group.offsets, len(group.offsets)) + site.base
    if letter == "S" and group.S is None:
        return packed(list(map(site.values.__getitem__, group.symbols)), len(group.offsets), "Q")
    if letter in CONSTANT:
        return every(site.gp if letter == "GP" else site.base, len(group.offsets))
    column = site.column(letter, row, group, words)
    return packed(column, len(group.offsets), "Q" if letter == "V" else "q")


def _words(site: Site, row: Reloc, group: Fixups) -> Sequence[int]:
    """What stands at the places of ``group``, if anybody wants to know."""
    checked = site.arch.occupied and not site.blank
    in_place = group.A is None and "A" in row.letters
    if checked or in_place or "V" in row.letters or not row.field.whole:
        return site.words(row.field, group.offsets) if group.V is None else group.V
    return ()
