"""Lay out a module's sections in memory; kernel/module/main.c: layout_sections, layout_symtab.

Sections are placed in five rounds (code, read-only data, read-only after init, data, small data), in file
order within each. Until 6.3 there are two areas, core and init; since 6.4 seven.
"""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.elf.constants import SHF_ALLOC, SHF_EXECINSTR, SHF_RO_AFTER_INIT, SHF_WRITE, SHT_NOBITS
from pymodutils.link import columns
from pymodutils.link.areas import TWO_AREAS, Plan
from pymodutils.link.failure import NoMemory, OutOfBounds
from pymodutils.link.object import THIS_MODULE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymodutils.elf.headers import Section
    from pymodutils.link.object import Object

RO_AFTER_INIT: Final = (".data..ro_after_init", "__jump_table")
STATIC_CALLS: Final = ".static_call_sites"  # one of them, too, since:
STATIC_CALLS_SINCE: Final = (6, 15)
PER_CPU: Final = ".data..percpu"
UNLOADED: Final = (".modinfo", "__versions")  # only read in the loader's copy
LIMIT: Final = 1 << 28  # bytes: a larger module is refused as if out of memory
KALLSYMS: Final = {32: (16, 4), 64: (32, 8)}  # size and alignment of struct mod_kallsyms
SYMBOL_SIZE: Final = {32: 16, 64: 24}
UNSIGNED: Final = (1 << 32) - 1  # the size of an area is an unsigned int on all machines


class LayoutConfig(NamedTuple):
    """The configuration options that affect the layout."""

    plan: Plan = TWO_AREAS
    strict_rwx: bool = True  # STRICT_MODULE_RWX
    kallsyms: bool = True
    kallsyms_all: bool = True
    unload: bool = True  # MODULE_UNLOAD; without it .exit sections are treated as .init
    smp: bool = True  # otherwise .data..percpu is an ordinary section
    page: int = 4096  # bytes
    options: Mapping[str, str] = {}  # CONFIG_ options used by some architectures only
    release: tuple[int, int] = (6, 1)


class Placed(NamedTuple):
    """The place of a section."""

    area: int
    offset: int  # in that area


class SymtabLayout(NamedTuple):
    """The places of the kept symbols after the data, and of the tables used by kallsyms until init() ends."""

    area: int
    symbols: int  # offset of the kept Elf_Sym
    strings: int
    types: int
    init_area: int
    kallsyms: int  # offset of struct mod_kallsyms
    init_types: int
    kept: tuple[int, ...]  # indices into .symtab, 0 among them


class Layout(NamedTuple):
    """The result: areas with their sizes, and each section's place."""

    plan: Plan
    sizes: tuple[int, ...]  # bytes, by area
    placed: tuple[Placed | None, ...]  # by section; None if not loaded
    percpu: int  # the index of the per-CPU section, or 0
    rounds: tuple[tuple[int, ...], ...]  # by area: the size after each round, where protection changes
    tail: SymtabLayout | None
    flags: tuple[int, ...]  # by section: sh_flags as left by the loader

    @property
    def coresize(self) -> int:
        """The size of the core part."""
        return sum(self.sizes[area] for area in sorted(set(self.plan.core)))

    @property
    def initsize(self) -> int:
        """The size of the init part."""
        return sum(self.sizes[area] for area in sorted({a for a in self.plan.init if a is not None}))


def layout(
    module: Object, config: LayoutConfig, *, unloaded: Sequence[str] = UNLOADED, livepatch: bool = False
) -> Layout:
    """The layout of ``module``, apart from the addresses of the areas.

    ``unloaded`` names the sections that are only read (with IGNORE_MODVERSIONS, __versions is loaded).
    Raises NoMemory for modules larger than LIMIT, OutOfBounds if sizes overflow.
    """
    work = _Work(module, config, unloaded)
    work.rounds_of(config.plan.core, config.plan.pages_core, init=False)
    work.rounds_of(config.plan.init, config.plan.pages_init, init=True)
    tail = work.symbols(livepatch=livepatch) if config.kallsyms else None
    work.check()
    sizes = [align(size, config.page) if config.plan.whole_pages else size for size in work.sizes]
    if sum(sizes) > LIMIT:
        raise NoMemory(module.subject, sum(sizes))
    rounds = tuple(tuple(ends) for ends in work.ends)
    return Layout(config.plan, tuple(sizes), tuple(work.placed), work.percpu, rounds, tail, tuple(work.flags))


def align(offset: int, to: int) -> int:
    """``offset`` rounded up to ``to`` with the kernel's arithmetic, even if ``to`` is no power of two."""
    rest = (to or 1) - 1 & UNSIGNED
    return offset + rest & ~rest & UNSIGNED


class _Work:
    """The state of a layout in progress."""

    def __init__(self, module: Object, config: LayoutConfig, unloaded: Sequence[str]) -> None:
        self.module, self.config = module, config
        self.sizes = [0] * len(config.plan.areas)
        self.sizes[config.plan.core[0]] = module.frobbed.front
        self.ends: list[list[int]] = [[] for _ in self.sizes]
        self.placed: list[Placed | None] = [None] * len(module.sections)
        self.flags = [section.sh_flags for section in module.sections]
        self.percpu = module.find(PER_CPU) if config.smp else 0
        for name in unloaded:
            self.flags[module.find(name)] &= ~SHF_ALLOC
        self.flags[self.percpu] &= ~SHF_ALLOC
        for at in self._ro_after_init():
            self.flags[at] |= SHF_RO_AFTER_INIT

    def _ro_after_init(self) -> list[int]:
        """The sections writable until init() ends: the first of each name, in later kernels all."""
        if self.config.release < STATIC_CALLS_SINCE:
            return [at for at in map(self.module.find, RO_AFTER_INIT) if at]
        names = (*RO_AFTER_INIT, STATIC_CALLS)
        return [at for at, section in enumerate(self.module.sections) if at and section.name in names]

    def rounds_of(self, areas: Sequence[int | None], pages: frozenset[int], *, init: bool) -> None:
        """Place all core sections, or with ``init`` the init sections, in five rounds."""
        small = self.module.arch.small
        masks = (
            (SHF_EXECINSTR | SHF_ALLOC, small),
            (SHF_ALLOC, SHF_WRITE | small),
            (SHF_RO_AFTER_INIT | SHF_ALLOC, small),
            (SHF_WRITE | SHF_ALLOC, small),
            (small | SHF_ALLOC, 0),
        )
        todo = [at for at, flags in enumerate(self.flags) if flags & SHF_ALLOC and self._is_init(at) == init]
        for number, ((must, must_not), area) in enumerate(zip(masks, areas, strict=True)):
            if area is None:
                continue
            for at in todo:
                flags = self.flags[at]
                if self.placed[at] is None and flags & must == must and not flags & must_not:
                    self._place(at, area)
            if number in pages and self.config.strict_rwx:
                self.sizes[area] = align(self.sizes[area], self.config.page)
            self.ends[area].append(self.sizes[area])

    def symbols(self, *, livepatch: bool) -> SymtabLayout:
        """Place .symtab and .strtab in the init part, and the kept symbols after the data."""
        module, config, plan = self.module, self.config, self.config.plan
        bits = module.arch.bits
        core, init = plan.core[-1], plan.init[-1] or 0
        strict = config.page if config.strict_rwx and not plan.whole_pages else 1
        kept = b"\1" * len(module.symbols) if livepatch else self._kept()
        count = kept.count(1)
        self._place(module.symtab, init)
        symbols = align(self.sizes[core], module.sections[module.symtab].sh_addralign)
        strings = symbols + count * SYMBOL_SIZE[bits]
        types = strings + module.symbols.lengths(compress(module.symbols.names, kept))
        self.sizes[core] = align(types + count, strict)
        self._place(module.strtab, init)
        size, alignment = KALLSYMS[bits]
        kallsyms = align(self.sizes[init], alignment)
        init_types = kallsyms + size
        self.sizes[init] = align(init_types + len(module.symbols), strict)
        numbers = tuple(compress(range(len(kept)), kept))
        return SymtabLayout(core, symbols, strings, types, init, kallsyms, init_types, numbers)

    def _kept(self) -> bytes:
        """The symbols that kallsyms keeps after init(), selected as in ``columns``."""
        wanted = SHF_ALLOC if self.config.kallsyms_all else SHF_ALLOC | SHF_EXECINSTR
        inits = {area for area in self.config.plan.init if area is not None}
        stay = {
            at
            for at, where in enumerate(self.placed)
            if at and where and where.area not in inits and self.flags[at] & wanted == wanted
        }
        if self.config.kallsyms_all and self.percpu:
            stay.add(self.percpu)
        table = self.module.symbols
        kept = columns.both(columns.among(table.sections, stay), columns.nonzero(table.names))
        return b"\1" + kept[1:] if kept else kept

    def _is_init(self, at: int) -> bool:
        arch = self.module.arch
        prefixes = arch.init if self.config.unload else (*arch.init, *arch.exit)
        return self.module.sections[at].name.startswith(prefixes)

    def _place(self, at: int, area: int) -> None:
        section = self.module.sections[at]
        before = self.module.frobbed.before.get(at, 0)
        offset = align(self.sizes[area] + before, section.sh_addralign)
        self.placed[at] = Placed(area, offset)
        self.sizes[area] = offset + section.sh_size & UNSIGNED

    def check(self) -> None:
        """Refuse sections beyond their area, whose size has overflowed."""
        for at, (section, placed) in enumerate(zip(self.module.sections, self.placed, strict=True)):
            copied = placed and section.sh_type != SHT_NOBITS
            if placed and copied and placed.offset + section.sh_size > self.sizes[placed.area]:
                raise self._outside(at)

        self._check_struct()

    def _check_struct(self) -> None:
        """Refuse sections that overlap struct module, in memory or in the file: the loader has changed it."""
        own = self.module.find(THIS_MODULE)
        place = self.placed[own] if own else None
        if not place:
            return
        struct = self.module.sections[own]
        if not self.flags[own] & SHF_WRITE:
            raise OutOfBounds(self.module.subject, f"{self.module.subject}: struct module is not writable")
        for at, (section, placed) in enumerate(zip(self.module.sections, self.placed, strict=True)):
            if not placed or at == own:
                continue
            here = placed.area == place.area and _meet(placed.offset, section, place.offset, struct)
            copied = section.sh_type != SHT_NOBITS and _meet(
                section.sh_offset, section, struct.sh_offset, struct
            )
            if here or copied:
                subject = self.module.subject
                raise OutOfBounds(subject, f"{subject}: section {section.name} lies on struct module")

    def _outside(self, at: int) -> OutOfBounds:
        name, subject = self.module.sections[at].name, self.module.subject
        return OutOfBounds(subject, f"{subject}: section {name} would lie outside the module's memory")


def _meet(one: int, first: Section, other: int, second: Section) -> bool:
    """Whether the section ``first`` at ``one`` and ``second`` at ``other`` overlap."""
    return one < other + second.sh_size and other < one + first.sh_size
