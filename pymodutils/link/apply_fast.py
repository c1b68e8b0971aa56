"""Apply all relocations of a section at once: group by calculation, check minimum and maximum, write."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from itertools import chain, compress, islice, repeat
from operator import le, sub
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from pymodutils.arch.plt_got import Refusal, RelocGroup, SectionRelocs
from pymodutils.arch.reloc import Relocations
from pymodutils.arch.vector import MANY, every, packed, taken
from pymodutils.link.reloc_section import CONSTANT, NeedsExact, codes_of, mask_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from pymodutils.arch.plt_got import StubBuilder
    from pymodutils.arch.reloc import RelocType
    from pymodutils.arch.vector import Vector
    from pymodutils.link.reloc_section import Packer, RelocSection

INSTRUCTION: Final = 4  # bytes
LETTERS: Final = "SAPVGLD"  # each of which may concern one word


class _Group(NamedTuple):
    """Relocations of the type ``row``; ``number`` is the number of some of them."""

    row: RelocType
    number: int
    relocs: Relocations


class _Patch(NamedTuple):
    """Valid ``values`` to pack at ``offsets``."""

    packer: Packer
    offsets: Sequence[int]
    values: Iterable[int]


def apply(relsec: RelocSection, relocs: Relocations, builder: StubBuilder | None = None) -> None:
    """Apply all ``relocs``; raises NeedsExact before anything is written unless all certainly succeed.

    ``builder`` creates their stubs; without it these are known.
    """
    if relocs.refused:
        raise NeedsExact
    whole = SectionRelocs(relocs, relsec.signed, relsec.base, relsec.at in relsec.image.module.frobbed.orders)
    groups = [(group.row, _with_stubs(relsec, group, whole, builder)) for group in _groups(relsec, relocs)]
    spots = [(row.field.size, group.offsets) for row, group in groups]
    if builder and builder.also:
        spots.append((INSTRUCTION, [place - relsec.base for place in builder.also]))
    if not _apart(spots):
        raise NeedsExact
    portions = [(row, part) for row, group in groups for part in group.portions(MANY)]
    for patch in [_patch(relsec, row, part) for row, part in portions]:
        deque(map(patch.packer.pack_into, repeat(relsec.memory), patch.offsets, patch.values), maxlen=0)


def _groups(relsec: RelocSection, relocs: Relocations) -> Iterator[_Group]:
    """The relocations that have an effect, by calculation."""
    rows = relsec.arch.relocs
    present = set(relocs.numbers)
    if not present <= rows.keys():
        raise NeedsExact
    kinds = _alike(rows, present)
    codes = codes_of(relocs.numbers, present) if len(kinds) > 1 else b""
    for members in kinds:
        row = rows[min(members)]
        if row.refused or (row.needs_stub and not row.stores and relocs.L is None):
            raise NeedsExact
        if row.stores:
            mask = mask_of(members, relocs.numbers, codes) if len(kinds) > 1 else None
            yield _Group(row, min(members), _only(row, relocs, mask))


def _alike(rows: Mapping[int, RelocType], present: set[int]) -> Collection[set[int]]:
    """The numbers in ``present``, grouped by equal effect."""
    if len(present) == 1:  # as in most sections
        return [present]
    kinds: dict[object, set[int]] = {}
    for number in present:
        kinds.setdefault(rows[number].action, set()).add(number)
    return kinds.values()


def _only(row: RelocType, relocs: Relocations, mask: Sequence[int] | None) -> Relocations:
    """Those of ``relocs`` selected by ``mask``, with the columns that ``row`` needs."""
    wanted = {*row.calc.letters, *("SA" if row.needs_stub and relocs.L is None else "")}

    def column(letters: str, found: Sequence[int] | None) -> Any:
        if found is None or wanted.isdisjoint(letters):
            return None
        return found if mask is None else list(compress(found, mask))

    symbols = column("S", relocs.symbols) if relocs.S is None else None
    offsets = relocs.offsets if mask is None else list(compress(relocs.offsets, mask))
    rest = map(column, ("A", "S", "P", "LG", "D", LETTERS), relocs[3:9])
    return Relocations((), symbols or (), offsets, *rest)


def _with_stubs(
    relsec: RelocSection, group: _Group, whole: SectionRelocs, builder: StubBuilder | None
) -> Relocations:
    """``group`` with its stubs; raises NeedsExact if these depend on other relocations."""
    row, number, relocs = group
    if not row.needs_stub or relocs.L is not None:
        return relocs
    if builder is None or max(relocs.offsets) + row.field.size > len(relsec.memory):
        raise NeedsExact
    if relocs.A is None:
        words = relsec.words(row.field, relocs.offsets)
        relocs = relocs._replace(A=list(row.field.get_all(words)), V=words)
    try:
        L = builder.together(RelocGroup(number, relocs, whole))
    except Refusal:
        L = None
    if L is None:
        raise NeedsExact
    return relocs._replace(L=list(L))


def _apart(spots: Sequence[tuple[int, Sequence[int]]]) -> bool:
    """Whether no two of ``spots``, places of the given size, overlap."""
    starts = sorted(chain.from_iterable(offsets for _, offsets in spots))
    sizes = {size for size, _ in spots}
    if min(map(sub, islice(starts, 1, None), starts), default=max(sizes, default=0)) >= max(sizes, default=0):
        return True
    ends = sorted(chain.from_iterable(map(size.__add__, offsets) for size, offsets in spots))
    return all(map(le, ends, islice(starts, 1, None)))


def _patch(relsec: RelocSection, row: RelocType, group: Relocations) -> _Patch:
    """The values that ``group`` writes, if all of its relocations succeed."""
    if max(group.offsets) + row.field.size > len(relsec.memory):
        raise NeedsExact
    words = _words(relsec, row, group)
    if relsec.arch.nonzero_target and any(words):
        raise NeedsExact
    values = _values(relsec, row, group, words)
    if row.range and not values.within(row.range):
        raise NeedsExact
    if row.align > 1 and not values.aligned(row.align):
        raise NeedsExact
    return _Patch(relsec.packer(row.field), group.offsets, row.field.put_all(words, values))


def _values(relsec: RelocSection, row: RelocType, group: Relocations, words: Sequence[int]) -> Vector:
    """The result of the calculation for each of ``group``, in the machine's width."""
    count, bits = len(group.offsets), relsec.arch.bits
    if row.calc.vectorized:
        with suppress(OverflowError):
            given = [_lanes(relsec, row, letter, group, words) for letter in row.calc.letters]
            return cast("Vector", row.calc.function(*given)).signed(bits)
    half = 1 << bits - 1
    results = map(row.calc.function, *relsec.columns(row, group, words))
    return packed([(value + half & 2 * half - 1) - half for value in results], count)


def _lanes(
    relsec: RelocSection, row: RelocType, letter: str, group: Relocations, words: Sequence[int]
) -> Vector:
    """The value of ``letter`` for each of ``group``."""
    if letter == "P" and group.P is None:
        return packed(group.offsets, len(group.offsets)) + relsec.base
    if letter == "S" and group.S is None:
        return packed(taken(relsec.values, group.symbols), len(group.offsets), "Q")
    if letter in CONSTANT:
        return every(relsec.gp if letter == "GP" else relsec.base, len(group.offsets))
    column = relsec.column(letter, row, group, words)
    return packed(column, len(group.offsets), "Q" if letter == "V" else "q")


def _words(relsec: RelocSection, row: RelocType, group: Relocations) -> Sequence[int]:
    """The words at the places of ``group``, if needed."""
    checked = relsec.arch.nonzero_target and not relsec.blank
    in_place = group.A is None and "A" in row.calc.letters
    if checked or in_place or "V" in row.calc.letters or not row.field.whole:
        return relsec.words(row.field, group.offsets) if group.V is None else group.V
    return ()
