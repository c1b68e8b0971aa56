"""Memory layouts: labels and colours of the kinds, scale, totals, and the JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.kernel.emulated.memory_map import NOT_MEMORY, RangeKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pymodutils.kernel.emulated.memory_map import MappedArea, MappedRange, ModuleMemory, ModuleSpace


class Look(NamedTuple):
    """Label and colours of one kind."""

    letter: str
    style: str  # for rich
    fill: str  # for SVG
    words: str


LOOKS: Final = {
    RangeKind.TEXT: Look("T", "bright_white on blue", "#8fb4e3", "text"),
    RangeKind.RODATA: Look("R", "black on cyan", "#7cc0ba", "read-only data"),
    RangeKind.RO_AFTER_INIT: Look("A", "black on bright_cyan", "#b5e0dc", "read-only after init"),
    RangeKind.DATA: Look("D", "black on yellow", "#f2a65a", "data"),
    RangeKind.BSS: Look("B", "black on bright_yellow", "#f7d488", "bss"),
    RangeKind.KALLSYMS: Look("K", "black on green", "#a3c585", "kallsyms"),
    RangeKind.STUBS: Look("S", "black on magenta", "#c59bc9", "stubs (GOT, PLT)"),
    RangeKind.PADDING: Look("-", "red", "#d6453d", "padding for alignment"),
    RangeKind.WASTE: Look(".", "red", "#e6c9c7", "end of pages"),
    RangeKind.GUARD: Look("|", "dim", "#b8bcc2", "guard pages"),
    RangeKind.FREE: Look(" ", "", "#f4f5f7", "free"),
}


def scale(size: int, columns: int, rows: int, least: int) -> int:
    """The bytes per column, a power of two of at least ``least``, so that ``size`` fits in ``rows``."""
    unit = least
    while -(-size // (unit * columns)) > rows:
        unit *= 2
    return unit


def totals(parts: Iterable[MappedRange]) -> dict[RangeKind, int]:
    """The bytes of each kind present, in the order of the kinds."""
    found = dict.fromkeys(RangeKind, 0)
    for part in parts:
        found[part.kind] += part.size
    return {kind: size for kind, size in found.items() if size}


def parts_of(areas: Iterable[MappedArea], *, discarded: bool = False) -> Iterator[MappedRange]:
    """The parts of those ``areas`` that were ``discarded``, or that were not."""
    return (part for area in areas if area.discarded is discarded for part in area.parts)


def document(memory: ModuleMemory) -> dict[str, object]:
    """The memory of a module for JSON."""
    return {**_module(memory), "areas": [_area(area, area.parts) for area in memory.areas]}


def whole(space: ModuleSpace) -> dict[str, object]:
    """The range of all modules for JSON."""
    every = totals(space.parts())
    return {
        "low": space.low,
        "high": space.high,
        "page_size": space.page,
        "modules": [{**_module(it), "areas": [_area(area) for area in it.areas]} for it in space.modules],
        "gaps": [{"address": base, "size": size} for base, size in space.gaps],
        "taken": sum(size for kind, size in every.items() if kind not in NOT_MEMORY),
        "totals": every,
    }


def _module(memory: ModuleMemory) -> dict[str, object]:
    """The properties of a module as a whole."""
    kept = totals(parts_of(memory.areas))
    gone = totals(parts_of(memory.areas, discarded=True))
    return {
        "name": memory.name,
        "state": memory.state.value,
        "page_size": memory.page,
        "percpu": memory.percpu._asdict() if memory.percpu else None,
        "taken": sum(kept.values()),
        "totals": kept,
        "discarded": sum(gone.values()),
        "discarded_totals": gone,
    }


def _area(area: MappedArea, parts: Sequence[MappedRange] | None = None) -> dict[str, object]:
    """One area, with its ``parts`` if requested."""
    found = {"name": area.name, "address": area.base, "size": area.size, "taken": area.taken}
    found |= {"init": area.init, "discarded": area.discarded}
    return found if parts is None else {**found, "parts": [part._asdict() for part in parts]}
