"""The memory layout of modules, with every byte accounted for.

vmalloc allocates whole pages. Unused bytes are padding between sections for alignment, and the ends of pages
where the protection changes or an area ends.
"""

from __future__ import annotations

import errno
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.elf.constants import SHF_EXECINSTR, SHF_WRITE, SHT_NOBITS, SHT_STRTAB, SHT_SYMTAB
from pymodutils.errors import Refused
from pymodutils.kernel.emulated.proc.kallsyms import until_init
from pymodutils.kernel.emulated.state import module_table, vmalloc
from pymodutils.link.layout import KALLSYMS, RO_AFTER_INIT, SYMBOL_SIZE, align

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.kernel.base import State
    from pymodutils.kernel.emulated.state.kernel_state import KernelState
    from pymodutils.kernel.emulated.state.module import Area, KernelModule, PerCpu, SectAttr


class RangeKind(StrEnum):
    """The use of a range of bytes."""

    TEXT = "text"
    RODATA = "rodata"
    RO_AFTER_INIT = "ro_after_init"
    DATA = "data"
    BSS = "bss"
    KALLSYMS = "kallsyms"  # symbol tables
    STUBS = "stubs"  # space reserved by the architecture before a section: GOT, PLT
    PADDING = "padding"  # for the alignment of the next part
    WASTE = "waste"  # up to the end of a page
    GUARD = "guard"  # the unmapped page after an area
    FREE = "free"


NOT_MEMORY: Final = (RangeKind.GUARD, RangeKind.FREE)
PROTECTION: Final = {  # the rounds of the layout; a page may end between them
    RangeKind.TEXT: 0,
    RangeKind.RODATA: 1,
    RangeKind.RO_AFTER_INIT: 2,
    RangeKind.DATA: 3,
    RangeKind.BSS: 3,
    RangeKind.KALLSYMS: 4,
}


class MappedRange(NamedTuple):
    """A range of one kind; ``name`` is that of the section, or empty."""

    kind: RangeKind
    name: str
    offset: int  # in its area
    size: int  # bytes
    align: int = 1  # its alignment


class MappedArea(NamedTuple):
    """An area with its parts, in order and without gaps up to the end of its last page."""

    name: str
    base: int
    size: int  # bytes reported by the kernel; the former size if ``discarded``
    init: bool
    discarded: bool  # freed at the end of init()
    parts: tuple[MappedRange, ...]

    @property
    def taken(self) -> int:
        """Bytes of its pages."""
        return sum(part.size for part in self.parts)


class ModuleMemory(NamedTuple):
    """The areas of a module that are or were in use."""

    name: str
    state: State
    page: int  # bytes
    areas: tuple[MappedArea, ...]
    percpu: PerCpu | None

    def total(self, *kinds: RangeKind, discarded: bool = False) -> int:
        """Bytes of ``kinds`` (default: all) in use, or freed."""
        areas = (area for area in self.areas if area.discarded is discarded)
        return sum(part.size for area in areas for part in area.parts if part.kind in (kinds or RangeKind))


class ModuleSpace(NamedTuple):
    """The module address range ``low`` to ``high``; each area is followed by a guard page."""

    low: int
    high: int
    page: int  # bytes
    modules: tuple[ModuleMemory, ...]  # the lowest first
    gaps: tuple[tuple[int, int], ...]  # address and size of each gap

    def areas(self) -> list[tuple[ModuleMemory, MappedArea]]:
        """The areas with memory, the lowest first."""
        found = [(owner, area) for owner in self.modules for area in owner.areas if not area.discarded]
        return sorted(found, key=lambda pair: pair[1].base)

    def parts(self) -> list[MappedRange]:
        """Everything from ``low`` to ``high`` in order, with offsets relative to ``low``."""
        found = [MappedRange(RangeKind.FREE, "", base - self.low, size) for base, size in self.gaps]
        for _, area in self.areas():
            start = area.base - self.low
            found += [part._replace(offset=start + part.offset) for part in area.parts]
            found.append(MappedRange(RangeKind.GUARD, "", start + area.taken, self.page))
        return sorted(found, key=lambda part: (part.offset, part.size > 0))


def space(state: KernelState) -> ModuleSpace:
    """The memory of all modules, and the gaps."""
    first, *spare = vmalloc.ranges(state.rules.arch)
    modules = sorted((_of(state, module) for module in state.modules()), key=_lowest)
    whole = ModuleSpace(*first, state.rules.layout.page, tuple(modules), tuple(vmalloc.gaps(state.store)))
    beyond = any(area.base >= first.high for _, area in whole.areas())
    high = spare[0].high if spare and beyond else first.high
    inside = [(base, min(size, high - base)) for base, size in whole.gaps if base < high]
    return whole._replace(high=high, gaps=tuple(inside))


def of(state: KernelState, name: str) -> ModuleMemory:
    """The memory of the module ``name``; raises Refused if it is not loaded."""
    return _of(state, find(state, name))


def content(state: KernelState, name: str, section: str) -> tuple[int, bytes]:
    """The address and current contents of a section; raises Refused if it is not in memory."""
    module = find(state, name)
    found = [it for it in module_table.sections(state.store, module) if it.name == section]
    if not found:
        raise Refused(name, f"module {name} has no section {section} in memory", errno.ENOENT)
    first = max(found, key=lambda it: it.size > 0)
    area = module.areas[first.area]
    if area.freed:
        raise Refused(name, f"{section} of {name} was discarded when init() had ended", errno.ENODATA)
    start = first.address - area.base
    memory = module_table.memory(state.store, module, first.area)
    return first.address, bytes(memory[start : start + first.size])


def find(state: KernelState, name: str) -> KernelModule:
    """The module ``name``; raises Refused."""
    module = state.find(name)
    if module is None:
        raise Refused(name, f"module {name} is not in the kernel", errno.ENOENT)
    return module


def _lowest(memory: ModuleMemory) -> int:
    return min((area.base for area in memory.areas if not area.discarded), default=0)


def _of(state: KernelState, module: KernelModule) -> ModuleMemory:
    sections = module_table.sections(state.store, module)
    found = []
    for at, area in enumerate(module.areas):
        if area.size or area.freed:
            placed = [_part(it, area) for it in sections if it.area == at]
            placed += _kallsyms(state.rules.arch.bits, module, at, sections)
            parts = tuple(_without_gaps(state, area, placed))
            size = area.size or area.freed
            found.append(MappedArea(area.name, area.base, size, area.init, bool(area.freed), parts))
    return ModuleMemory(module.name, module.state, state.rules.layout.page, tuple(found), module.percpu)


def _part(section: SectAttr, area: Area) -> MappedRange:
    return MappedRange(_kind(section), section.name, section.address - area.base, section.size, section.align)


def _kind(section: SectAttr) -> RangeKind:
    if section.type in (SHT_SYMTAB, SHT_STRTAB):
        return RangeKind.KALLSYMS
    if section.flags & SHF_EXECINSTR:
        return RangeKind.TEXT
    if section.name in RO_AFTER_INIT:
        return RangeKind.RO_AFTER_INIT
    if not section.flags & SHF_WRITE:
        return RangeKind.RODATA
    return RangeKind.BSS if section.type == SHT_NOBITS else RangeKind.DATA


def _kallsyms(
    bits: int, module: KernelModule, at: int, sections: Sequence[SectAttr]
) -> Iterator[MappedRange]:
    """The contents of area ``at`` other than sections: kept symbols, and the tables of kallsyms."""
    table, tail = next((it for it in sections if it.type == SHT_SYMTAB), None), module.tail
    if table and tail and tail.area == at:
        size = tail.types + tail.length - tail.symbols
        yield MappedRange(RangeKind.KALLSYMS, "kallsyms", tail.symbols, size, table.align)
    if table and table.area == at:
        size, alignment = KALLSYMS[bits]
        types = table.size // SYMBOL_SIZE[bits]
        yield MappedRange(
            RangeKind.KALLSYMS, "kallsyms", until_init(bits, module, at, sections), size + types, alignment
        )


def _without_gaps(state: KernelState, area: Area, placed: Sequence[MappedRange]) -> Iterator[MappedRange]:
    """``placed`` in order, with parts for the gaps between and after them."""
    layout, at, before = state.rules.layout, 0, None
    pages = layout.page if layout.strict_rwx and not layout.plan.whole_pages else 1
    for part in sorted(placed, key=lambda it: (it.offset, it.size > 0)):
        changes = before is not None and PROTECTION[before] != PROTECTION[part.kind]
        yield from _gap(at, part, pages if changes else 1)
        yield part
        at, before = part.offset + part.size, part.kind
    end = align(area.size or area.freed, layout.page)
    if at < end:
        yield MappedRange(RangeKind.WASTE, "", at, end - at)


def _gap(at: int, part: MappedRange, page: int) -> Iterator[MappedRange]:
    """The bytes from ``at`` to ``part``, with a possible end of a ``page`` in between."""
    end = align(at, page)
    if at < end <= part.offset:
        yield MappedRange(RangeKind.WASTE, "", at, end - at)
        at = end
    if at < part.offset:
        stubs = align(at, part.align) < part.offset
        yield MappedRange(RangeKind.STUBS if stubs else RangeKind.PADDING, "", at, part.offset - at)
