"""Relocations in their order, each looked at for itself: what the result means, and where it stops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.arch.making import NO_ROOM
from pymodutils.link.failure import LinkError, OutOfBounds, Where
from pymodutils.link.symbols import ERROR

STT_SECTION: Final = 3

if TYPE_CHECKING:
    from pymodutils.arch.model import Fixups, Reloc, Says
    from pymodutils.link.fixups import Site
    from pymodutils.link.symbols import Report


def apply(site: Site, fixups: Fixups, report: Report) -> None:
    """Apply ``fixups`` up to the first that fails; raises LinkError or OutOfBounds for that one.

    What the kernel says without failing goes to ``report``.
    """
    for at, number in enumerate(fixups.numbers):
        if fixups.symbols[at] >= len(site.values):  # whatever the number says, the symbol is read first
            raise _beyond(site, fixups, at, f"its symbol {fixups.symbols[at]} is beyond the table's end")
        row, says = site.arch.relocs.get(number), fixups.refused.get(at)
        if says is NO_ROOM:
            raise _beyond(site, fixups, at, "there is no room for what the loader makes for it")
        if says is None or says not in (site.arch.absent, *site.arch.stray):
            says = row.refused or says if row else site.arch.unknown
        if says:
            refusal = _refusal(site, fixups, at, says)
            if says.errno:
                raise refusal
            for line in refusal.log:
                report(ERROR, line)
        elif row and row.stores:
            _one(site, fixups, at, row)
    if says := fixups.refused.get(len(fixups.numbers)):
        raise _refusal(site, fixups, len(fixups.numbers) - 1, says)


def _one(site: Site, fixups: Fixups, at: int, row: Reloc) -> None:
    """Apply the relocation ``at``."""
    where, field = fixups.offsets[at], row.field
    if where + field.size > len(site.memory):
        raise _beyond(site, fixups, at, f"its section has {len(site.memory)} bytes")
    words = site.words(field, [where])
    half = 1 << site.arch.bits - 1
    (value,) = map(row.calc, *site.columns(row, fixups.one(at), words))
    value = (value + half & 2 * half - 1) - half
    occupied = site.arch.occupied if words[0] else None
    if occupied and not site.arch.occupied_last:
        raise _refusal(site, fixups, at, occupied, value)
    if value % row.align:
        raise _refusal(site, fixups, at, row.misaligned or row.overflow or site.arch.misaligned, value)
    if row.range and not row.range.low <= value < row.range.high:
        raise _refusal(site, fixups, at, row.overflow or site.arch.overflow, value)
    if occupied:
        raise _refusal(site, fixups, at, occupied, value)
    site.packer(field).pack_into(site.memory, where, field.put(words[0], value))


def _refusal(site: Site, fixups: Fixups, at: int, says: Says, value: int = 0) -> LinkError:
    """The kernel's words about the relocation ``at``, whose calculation gave ``value``."""
    where, symbol = _where(site, fixups, at), fixups.symbols[at]
    mask = (1 << site.arch.bits) - 1
    known = site.values[symbol] if symbol < len(site.values) else 0
    total = known + (fixups.A[at] if fixups.A else 0)
    text = says.text.format(
        prefix=site.arch.prefix,
        module=site.name,
        number=fixups.numbers[at],
        name=where.relocation,
        index=at,
        section=site.header.sh_info,
        relsec=site.at,
        symbol=where.symbol,
        anonymous=where.symbol or "(anonymous)",
        offset=where.offset,
        size=len(site.memory),
        place=where.address,
        value=value & mask,
        signed=value,
        words=(value & mask) >> 2,
        S=known & mask,
        sum=total & mask,
        against=_against(site, symbol),
    )
    return LinkError(site.name, text, says.errno, where)


def _against(site: Site, symbol: int) -> str:
    """What symbol ``symbol`` is, in words."""
    table = site.image.module.symbols
    if symbol >= len(site.values):
        return ""
    if table.infos[symbol] & 0xF == STT_SECTION:
        return f"section {table.sections[symbol]}"
    return table.name(symbol)


def _beyond(site: Site, fixups: Fixups, at: int, text: str) -> OutOfBounds:
    return OutOfBounds(site.name, text, _where(site, fixups, at))


def _where(site: Site, fixups: Fixups, at: int) -> Where:
    """Where the relocation ``at`` is, in words."""
    module, number, symbol = site.image.module, fixups.numbers[at], fixups.symbols[at]
    row = site.arch.relocs.get(number)
    known = symbol < len(site.values)
    return Where(
        module.sections[site.header.sh_info].name,
        fixups.offsets[at],
        site.base + fixups.offsets[at] & (1 << site.arch.bits) - 1,
        row.name if row else f"relocation {number}",
        module.symbols.name(symbol) if known else "",
    )
