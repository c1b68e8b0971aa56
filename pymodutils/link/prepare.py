"""What must be known of a section's relocations before any is applied: what is made for them, and pairs.

``quickly`` is enough for nearly all modules; ``carefully`` finds out where and why the loader stops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymodutils.arch.making import Fixup, Memory, Refusal
from pymodutils.arch.model import Span
from pymodutils.link.failure import OutOfBounds
from pymodutils.link.fixups import Doubt, decode, in_place
from pymodutils.link.frob import view
from pymodutils.link.symbols import STB_WEAK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymodutils.arch.making import Maker
    from pymodutils.arch.model import Fixups, Says
    from pymodutils.link.fixups import Site
    from pymodutils.link.image import Image


def memory(image: Image, kernel: Mapping[str, int]) -> Memory:
    """``image`` as the code of its machine sees it; ``kernel`` has the addresses that stubs need."""
    module = image.module
    half = 1 << module.arch.bits - 1
    bases = [(base ^ half) - half for base in image.bases]
    spans = [Span(base, base + len(area)) for base, area in zip(bases, image.memory, strict=True)]
    plan = image.layout.plan
    sections = {}
    for section, placed in zip(module.sections, image.layout.placed, strict=True):
        if placed is not None:
            low = bases[placed.area] + placed.offset
            sections[section.name] = Span(low, low + section.sh_size)
    core, init = spans[plan.core[0]], spans[plan.init[0] or 0]
    areas = list(zip(bases, image.memory, strict=True))
    frobbed = module.frobbed
    return Memory(
        *(module.arch, sections, core, init, areas, view(module.symbols)),
        *(frobbed.front, frobbed.before, frobbed.places, module.options, kernel),
    )


def read(site: Site) -> Fixups:
    """The relocations of the section, in the file's order."""
    arch, module = site.arch, site.image.module
    known = module.relocations.get(site.at)
    fixups = decode(arch, site.image.section(site.at), rela=site.rela) if known is None else known
    return arch.by_word(fixups, site.memory) if arch.by_word else fixups


def quickly(site: Site, fixups: Fixups) -> Fixups:
    """``fixups`` with what others say of them; raises Doubt if there is something wrong with any."""
    arch, top = site.arch, len(site.values)
    if max(fixups.symbols, default=0) >= top:
        raise Doubt
    if _worthless(site, fixups):
        raise Doubt
    if arch.pair is None or not _is_paired(site, fixups):
        return fixups
    fixups = _filled(site, fixups)
    return fixups._replace(refused=arch.pair(fixups, site.base))


def _is_paired(site: Site, fixups: Fixups) -> bool:
    """Whether some of ``fixups`` need others to know their values, if the machine has such."""
    return not site.rela and not site.arch.paired.isdisjoint(fixups.numbers)


def carefully(site: Site, fixups: Fixups, maker: Maker | None) -> Fixups:
    """``fixups`` as the loader takes them, with what is made for them and what makes it stop."""
    arch, module = site.arch, site.image.module
    if site.at in module.frobbed.orders and site.at in module.relocations:
        fixups = fixups.ordered(module.frobbed.orders[site.at]())
    fixups, refused = _bounded(site, fixups)
    if bad := _worthless(site, fixups):
        fixups, refused = _without(site, fixups, bad)
    made = {number for number in set(fixups.numbers) if number in arch.relocs and arch.relocs[number].makes}
    paired = arch.pair is not None and _is_paired(site, fixups)
    if made or paired:
        fixups = _filled(site, fixups)
    if maker is not None and made:
        places = [site.base + offset for offset in fixups.offsets]
        fixups = fixups._replace(P=places, L=[0] * len(places))
        _make(site, fixups, maker, made, refused)
    if arch.pair is not None and paired:
        refused = {**arch.pair(fixups, site.base), **refused}
    return fixups._replace(refused=refused)


def _bounded(site: Site, fixups: Fixups) -> tuple[Fixups, dict[int, Says]]:
    """``fixups`` up to the first that names a symbol or a place beyond the end, and what is said of that."""
    top, says, size = len(site.values), site.arch.stray, len(site.memory)
    last = (size - 4) & 0xFFFF_FFFF if says else (1 << 64) - 1
    if not fixups.symbols or (max(fixups.symbols) < top and max(fixups.offsets) <= last):
        return fixups, {}
    pairs = enumerate(zip(fixups.symbols, fixups.offsets, strict=True))
    first = next(at for at, (symbol, offset) in pairs if symbol >= top or offset > last)
    symbol = fixups.symbols[first]
    if symbol == top or (symbol > top and not says):
        raise OutOfBounds(site.name, f"{site.header.name} names symbols beyond the table's end")
    cut = fixups.only([at <= first for at in range(len(fixups.symbols))])
    symbols = [*cut.symbols[:-1], 0 if symbol > top else symbol]
    return cut._replace(symbols=symbols), {first: says[symbol <= top]}


def _worthless(site: Site, fixups: Fixups) -> set[int]:
    """The symbols of ``fixups`` whose values stand for none."""
    if not site.arch.worthless:
        return set()
    low, high = site.arch.worthless
    symbols = list(set(fixups.symbols))
    return {at for at, value in zip(symbols, site.signed(symbols), strict=True) if low <= value < high}


def _without(site: Site, fixups: Fixups, bad: set[int]) -> tuple[Fixups, dict[int, Says]]:
    """``fixups`` but for those with ``bad`` symbols that are passed over, and what is said of the others."""
    arch, infos = site.arch, site.image.module.symbols.infos
    weak = {symbol for symbol in bad if arch.weak and infos[symbol] >> 4 == STB_WEAK}
    if weak:
        fixups = fixups.only([symbol not in weak for symbol in fixups.symbols])
    return fixups, {at: arch.absent for at, symbol in enumerate(fixups.symbols) if symbol in bad}


def _filled(site: Site, fixups: Fixups) -> Fixups:
    """``fixups`` with every S and A, to be changed."""
    if fixups.A is None:
        fixups = in_place(site.arch, site.memory, fixups)
    return fixups._replace(S=site.signed(fixups.symbols), A=list(fixups.A or ()))


def _make(site: Site, fixups: Fixups, maker: Maker, made: set[int], refused: dict[int, Says]) -> None:
    """Fill L of ``fixups`` in their order, up to the first that is refused."""
    maker.begin(fixups)
    S, A, P, L = fixups.S or [], fixups.A or [], fixups.P or [], fixups.L or []
    for at, number in enumerate(fixups.numbers):
        if at in refused:
            return
        if number in made:
            near, way = maker.reach.get(number), S[at] + A[at] - P[at]
            if near and near.low <= way < near.high:
                L[at] = S[at] + A[at]
                continue
            one = Fixup(number, fixups.symbols[at], S[at], A[at], P[at], site.base, site.header.sh_info)
            try:
                L[at] = maker.goal(one)
            except Refusal as refusal:
                refused[at] = refusal.says
                return
