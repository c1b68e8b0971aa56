"""Memory layouts as text: strips of letters to scale, and tables of bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.commands.memory import LOOKS, parts_of, scale, totals
from pymodutils.kernel.emulated.memory_map import NOT_MEMORY, RangeKind
from pymodutils.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.kernel.emulated.memory_map import MappedArea, MappedRange, ModuleMemory, ModuleSpace

    Line = list[tuple[str, str]]  # text fragments with their styles

ROWS: Final = 16  # rows of a strip, approximately
WIDE: Final = 140  # columns of a terminal that is wide enough for strips of double length
NARROW: Final = 76  # columns below which strips are short, and tables have only offsets and sizes
CELLS: Final = 64
LEAST: Final = 16  # bytes of a letter
HEAD: Final = "bold"
FAINT: Final = "dim"
TITLES: Final = f"{'Offset':>10}{'Size':>12}{'Padding':>9}{'Page end':>10}  Section"
NARROW_TITLES: Final = f"{'Offset':>10}{'Size':>12}  Section"
SPACE_TITLES: Final = f"{'Address':<16}{'Bytes':>15}{'Padding':>9}{'Page ends':>10}  Module"


def module(memory: ModuleMemory, width: int) -> Iterator[Line]:
    """The lines about one module."""
    columns, narrow = _cells(width), width < NARROW
    unit = scale(sum(area.taken for area in memory.areas), columns, ROWS, LEAST)
    yield [(printable(memory.name), HEAD), (f" ({memory.state.value}): one letter is {unit:,} bytes", "")]
    for area in memory.areas:
        yield []
        yield _title(area, memory.page)
        yield from _strip(area.parts, unit, columns, faded=area.discarded)
        yield []
        yield from _sections(area, narrow=narrow)
    yield []
    if memory.percpu:
        size, at = memory.percpu.size, memory.percpu.address
        yield [(f"of each processor's own memory: {size:,} bytes at offset {at:#x}", "")]
        yield []
    yield from _legend(memory.areas, narrow=narrow)


def space(whole: ModuleSpace, width: int) -> Iterator[Line]:
    """The lines about the range of all modules."""
    parts, columns = whole.parts(), _cells(width)
    used = max((part.offset + part.size for part in parts if part.kind is not RangeKind.FREE), default=0)
    unit = scale(used, columns, ROWS, LEAST)
    size = whole.high - whole.low
    yield [(f"{whole.low:#x} to {whole.high:#x}", HEAD), (f": {size:,} bytes for modules", "")]
    if used:
        yield [(f"one letter is {unit:,} bytes", "")]
        yield []
        yield from _strip([part for part in parts if part.offset < used], unit, columns)
    yield []
    yield [(SPACE_TITLES, HEAD)]
    yield from _places(whole)
    yield []
    yield from _sums(whole)


def _cells(width: int) -> int:
    """The letters of a strip in a terminal of ``width`` columns."""
    return CELLS // 2 if width < NARROW else CELLS * 2 if width >= WIDE else CELLS


def _title(area: MappedArea, page: int) -> Line:
    pages = area.taken // page
    size = f"  {area.base:#x}  {area.size:,} bytes in {pages:,} page{'s' if pages != 1 else ''}"
    return [(area.name, HEAD), (size, ""), (", discarded when init() ended" if area.discarded else "", FAINT)]


def _strip(parts: Sequence[MappedRange], unit: int, columns: int, *, faded: bool = False) -> Iterator[Line]:
    """Rows of letters, each for the kind that occupies most of its ``unit`` bytes."""
    kinds = list(_kinds(parts, unit))
    digits = len(f"{len(kinds) * unit:x}")
    for start in range(0, len(kinds), columns):
        line: Line = [(f"{start * unit:>#{digits + 2}x} ", FAINT)]
        for kind in kinds[start : start + columns]:
            look = LOOKS[kind]
            line.append((look.letter.lower() if faded else look.letter, FAINT if faded else look.style))
        yield line


def _kinds(parts: Sequence[MappedRange], unit: int) -> Iterator[RangeKind]:
    """The kind that occupies most of each ``unit`` bytes."""
    share: dict[RangeKind, int] = {}
    end = unit
    for part in parts:
        at, stop = part.offset, part.offset + part.size
        while stop >= end:
            share[part.kind] = share.get(part.kind, 0) + end - at
            yield max(share, key=lambda kind: share[kind])
            at, end, share = end, end + unit, {}
        share[part.kind] = share.get(part.kind, 0) + stop - at
    if any(share.values()):
        yield max(share, key=lambda kind: share[kind])


def _sections(area: MappedArea, *, narrow: bool) -> Iterator[Line]:
    """A row for each section, with the unused bytes after it unless ``narrow``."""
    yield [(NARROW_TITLES if narrow else TITLES, HEAD)]
    parts = [part for part in area.parts if part.size]
    rows = [at for at, part in enumerate(parts) if part.kind not in (RangeKind.PADDING, RangeKind.WASTE)]
    for at, following in zip(rows, [*rows[1:], len(parts)], strict=True):
        part, look = parts[at], LOOKS[parts[at].kind]
        lost = "" if narrow else _lost(totals(parts[at + 1 : following]))
        numbers = f"{part.offset:>#10x}{part.size:>12,}{lost}  "
        letter = look.letter.lower() if area.discarded else look.letter
        name = printable(part.name) or look.words
        yield [(numbers, ""), (letter, FAINT if area.discarded else look.style), (f" {name}", "")]


def _lost(lost: dict[RangeKind, int]) -> str:
    padding, waste = (
        f"{lost[kind]:,}" if kind in lost else "" for kind in (RangeKind.PADDING, RangeKind.WASTE)
    )
    return f"{padding:>9}{waste:>10}"


def _legend(areas: Sequence[MappedArea], *, narrow: bool) -> Iterator[Line]:
    """Bytes by kind, present and, unless ``narrow``, discarded."""
    kept, gone = (totals(parts_of(areas, discarded=discarded)) for discarded in (False, True))
    if narrow:
        yield [(f"{'':<26}{'Bytes':>13}", HEAD)]
        yield from (_row(kind, kept[kind], 0) for kind in RangeKind if kind in kept)
        return
    yield [(f"{'':<26}{'Bytes':>13}{'':>8}{'Discarded' if gone else '':>13}", HEAD)]
    for kind in (kind for kind in RangeKind if kind in kept or kind in gone):
        lost = f"{gone[kind]:,}" if kind in gone else ""
        yield _row(kind, kept.get(kind, 0), sum(kept.values()), lost)
    total = f"{sum(gone.values()):,}" if gone else ""
    yield [(f"  {'':<24}{sum(kept.values()):>13,}{'':>8}{total:>13}".rstrip(), HEAD)]


def _row(kind: RangeKind, size: int, total: int, more: str = "") -> Line:
    look = LOOKS[kind]
    share = f"{size / total:.1%}" if total else ""
    return [(look.letter, look.style), (f" {look.words:<24}{size:>13,}{share:>8}{more:>13}".rstrip(), "")]


def _places(whole: ModuleSpace) -> Iterator[Line]:
    """A row for each area and each gap, by address."""
    rows: list[tuple[int, Line]] = [
        (base, [(f"{base:<16x}{size:>15,}{'':>19}  free", FAINT)]) for base, size in whole.gaps
    ]
    for owner, area in whole.areas():
        numbers = f"{area.base:<16x}{area.taken:>15,}{_lost(totals(area.parts))}  "
        rows.append((area.base, [(numbers, ""), (printable(owner.name), HEAD), (f" {area.name}", "")]))
    return (line for _, line in sorted(rows, key=lambda row: row[0]))


def _sums(whole: ModuleSpace) -> Iterator[Line]:
    """Bytes by kind for the whole range, with shares of the memory of modules."""
    found = totals(whole.parts())
    taken = sum(size for kind, size in found.items() if kind not in NOT_MEMORY)
    for kind, size in found.items():
        yield _row(kind, size, 0 if kind in NOT_MEMORY else taken)
    yield [(f"  {'memory of modules':<24}{taken:>13,}", HEAD)]
    gone = sum(it.total(discarded=True) for it in whole.modules)
    yield [(f"  {'discarded after init':<24}{gone:>13,}", HEAD)]
