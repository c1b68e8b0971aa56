"""Prepare the relocations of a section: create stubs and resolve pairs before any is applied.

``for_fast`` suffices for nearly all modules; ``for_exact`` determines where and why the loader stops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymodutils.arch.plt_got import PlacedModule, Refusal, Relocation
from pymodutils.arch.range import Range
from pymodutils.elf.constants import STB_WEAK
from pymodutils.link.failure import OutOfBounds
from pymodutils.link.frob import view
from pymodutils.link.reloc_section import NeedsExact, decode, in_place

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from pymodutils.arch.plt_got import StubBuilder
    from pymodutils.arch.reloc import Diagnostic, Relocations
    from pymodutils.link.image import Image
    from pymodutils.link.reloc_section import RelocSection


def memory(image: Image, kernel: Mapping[str, int]) -> PlacedModule:
    """``image`` for the code of its machine; ``kernel`` has the addresses that stubs need."""
    module = image.module
    half = 1 << module.arch.bits - 1
    bases = [(base ^ half) - half for base in image.bases]
    spans = [Range(base, base + len(area)) for base, area in zip(bases, image.memory, strict=True)]
    plan = image.layout.plan
    sections = {}
    for section, placed in zip(module.sections, image.layout.placed, strict=True):
        if placed is not None:
            low = bases[placed.area] + placed.offset
            sections[section.name] = Range(low, low + section.sh_size)
    arch, frobbed = module.arch, module.frobbed
    return PlacedModule(
        bits=arch.bits,
        order=arch.order,
        relocs=arch.relocs,
        sections=sections,
        core=spans[plan.core[0]],
        init=spans[plan.init[0] or 0],
        areas=list(zip(bases, image.memory, strict=True)),
        symbols=view(module.symbols),
        front=frobbed.front,
        before=frobbed.before,
        places=frobbed.places,
        options=module.options,
        kernel=kernel,
    )


def read(relsec: RelocSection) -> Relocations:
    """The relocations of the section, in file order."""
    arch, module = relsec.arch, relsec.image.module
    known = module.relocations.get(relsec.at)
    relocs = decode(arch, relsec.image.section(relsec.at), rela=relsec.rela) if known is None else known
    return arch.by_word(relocs, relsec.memory) if arch.by_word else relocs


def for_fast(relsec: RelocSection, relocs: Relocations) -> Relocations:
    """``relocs`` with their pairs resolved; raises NeedsExact if any is faulty."""
    arch, symbols = relsec.arch, set(relocs.symbols)
    if max(symbols, default=0) >= len(relsec.values) or _error_symbols(relsec, symbols):
        raise NeedsExact
    if arch.pair is None or not _is_paired(relsec, relocs):
        return relocs
    relocs = _filled(relsec, relocs)
    return relocs._replace(refused=arch.pair(relocs, relsec.base))


def _is_paired(relsec: RelocSection, relocs: Relocations) -> bool:
    """Whether some of ``relocs`` need others for their values."""
    return not relsec.rela and not relsec.arch.paired.isdisjoint(relocs.numbers)


def for_exact(relsec: RelocSection, relocs: Relocations, builder: StubBuilder | None) -> Relocations:
    """``relocs`` in the loader's order, with their stubs and the error that stops it."""
    arch, module = relsec.arch, relsec.image.module
    if relsec.at in module.frobbed.orders and relsec.at in module.relocations:
        relocs = relocs.ordered(module.frobbed.orders[relsec.at]())
    relocs, refused = _bounded(relsec, relocs)
    if bad := _error_symbols(relsec, {*relocs.symbols}):
        relocs, refused = _without(relsec, relocs, bad)
    made = {
        number for number in set(relocs.numbers) if number in arch.relocs and arch.relocs[number].needs_stub
    }
    paired = arch.pair is not None and _is_paired(relsec, relocs)
    if made or paired:
        relocs = _filled(relsec, relocs)
    if builder is not None and made:
        places = [relsec.base + offset for offset in relocs.offsets]
        relocs = relocs._replace(P=places, L=[0] * len(places))
        _build(relsec, relocs, builder, made, refused)
    if arch.pair is not None and paired:
        refused = {**arch.pair(relocs, relsec.base), **refused}
    return relocs._replace(refused=refused)


def _bounded(relsec: RelocSection, relocs: Relocations) -> tuple[Relocations, dict[int, Diagnostic]]:
    """``relocs`` up to the first with a symbol or place beyond the end, and the error for that one."""
    top, diagnostic, size = len(relsec.values), relsec.arch.out_of_bounds, len(relsec.memory)
    last = (size - relsec.arch.bounds) & 0xFFFF_FFFF if diagnostic else (1 << 64) - 1
    if not relocs.symbols or (max(relocs.symbols) < top and max(relocs.offsets) <= last):
        return relocs, {}
    pairs = enumerate(zip(relocs.symbols, relocs.offsets, strict=True))
    first = next(at for at, (symbol, offset) in pairs if symbol >= top or offset > last)
    symbol = relocs.symbols[first]
    if symbol == top or (symbol > top and not diagnostic):
        raise OutOfBounds(relsec.name, f"{relsec.header.name} names symbols beyond the table's end")
    cut = relocs.only([at <= first for at in range(len(relocs.symbols))])
    symbols = [*cut.symbols[:-1], 0 if symbol > top else symbol]
    return cut._replace(symbols=symbols), {first: diagnostic[symbol <= top]}


def _error_symbols(relsec: RelocSection, symbols: AbstractSet[int]) -> set[int]:
    """Those of ``symbols`` whose values denote an error."""
    if not relsec.arch.error_values:
        return set()
    low, high = relsec.arch.error_values
    each = list(symbols)
    return {at for at, value in zip(each, relsec.signed(each), strict=True) if low <= value < high}


def _without(
    relsec: RelocSection, relocs: Relocations, bad: set[int]
) -> tuple[Relocations, dict[int, Diagnostic]]:
    """``relocs`` without ignored ones with ``bad`` symbols, and the error for the others."""
    arch, infos = relsec.arch, relsec.image.module.symbols.infos
    weak = {symbol for symbol in bad if arch.weak and infos[symbol] >> 4 == STB_WEAK}
    if weak:
        relocs = relocs.only([symbol not in weak for symbol in relocs.symbols])
    return relocs, {at: arch.unknown_symbol for at, symbol in enumerate(relocs.symbols) if symbol in bad}


def _filled(relsec: RelocSection, relocs: Relocations) -> Relocations:
    """``relocs`` with every S and A, mutable."""
    if relocs.A is None:
        relocs = in_place(relsec.arch, relsec.memory, relocs)
    return relocs._replace(S=relsec.signed(relocs.symbols), A=list(relocs.A or ()))


def _build(
    relsec: RelocSection,
    relocs: Relocations,
    builder: StubBuilder,
    made: set[int],
    refused: dict[int, Diagnostic],
) -> None:
    """Set L of ``relocs`` in order, up to the first that is refused."""
    builder.begin(relocs)
    S, A, P, L = relocs.S or [], relocs.A or [], relocs.P or [], relocs.L or []
    for at, number in enumerate(relocs.numbers):
        if at in refused:
            return
        if number in made:
            near, way = builder.reach.get(number), S[at] + A[at] - P[at]
            if near and way in near:
                L[at] = S[at] + A[at]
                continue
            one = Relocation(
                number, relocs.symbols[at], S[at], A[at], P[at], relsec.base, relsec.header.sh_info
            )
            try:
                L[at] = builder.goal(one)
            except Refusal as refusal:
                refused[at] = refusal.diagnostic
                return
