"""Apply relocations one by one, in order, and stop where the loader stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymodutils.arch.plt_got import NO_ROOM
from pymodutils.elf.constants import STT_SECTION
from pymodutils.kern_levels import ERR
from pymodutils.link.failure import LinkError, OutOfBounds, Where
from pymodutils.twos_complement import signed

if TYPE_CHECKING:
    from pymodutils.arch.reloc import Diagnostic, Relocations, RelocType
    from pymodutils.link.reloc_section import RelocSection
    from pymodutils.link.symbols import Report


def apply(relsec: RelocSection, relocs: Relocations, report: Report) -> None:
    """Apply ``relocs`` up to the first that fails; raises LinkError or OutOfBounds for that one.

    Messages without a failure go to ``report``.
    """
    for at, number in enumerate(relocs.numbers):
        row, diagnostic = relsec.arch.relocs.get(number), relocs.refused.get(at)
        if diagnostic is NO_ROOM:
            raise _beyond(relsec, relocs, at, "there is no room for what the loader makes for it")
        if diagnostic is None or diagnostic not in (relsec.arch.unknown_symbol, *relsec.arch.out_of_bounds):
            diagnostic = row.refused or diagnostic if row else relsec.arch.unknown
        if diagnostic:
            refusal = _refusal(relsec, relocs, at, diagnostic)
            if diagnostic.errno:
                raise refusal
            for line in refusal.log:
                report(ERR, line)
        elif row and row.stores:
            _one(relsec, relocs, at, row)
    if diagnostic := relocs.refused.get(len(relocs.numbers)):
        raise _refusal(relsec, relocs, len(relocs.numbers) - 1, diagnostic)


def _one(relsec: RelocSection, relocs: Relocations, at: int, row: RelocType) -> None:
    """Apply the relocation ``at``."""
    where, field = relocs.offsets[at], row.field
    if where + field.size > len(relsec.memory):
        raise _beyond(relsec, relocs, at, f"its section has {len(relsec.memory)} bytes")
    words = relsec.words(field, [where])
    (value,) = map(row.calc.function, *relsec.columns(row, relocs.one(at), words))
    value = signed(value, relsec.arch.bits)
    nonzero_target = relsec.arch.nonzero_target if words[0] else None
    if nonzero_target and not relsec.arch.nonzero_target_last:
        raise _refusal(relsec, relocs, at, nonzero_target, value)
    if value % row.align:
        raise _refusal(relsec, relocs, at, row.misaligned or row.overflow or relsec.arch.misaligned, value)
    if row.range and value not in row.range:
        raise _refusal(relsec, relocs, at, row.overflow or relsec.arch.overflow, value)
    if nonzero_target:
        raise _refusal(relsec, relocs, at, nonzero_target, value)
    relsec.packer(field).pack_into(relsec.memory, where, field.put(words[0], value))


def _refusal(
    relsec: RelocSection, relocs: Relocations, at: int, diagnostic: Diagnostic, value: int = 0
) -> LinkError:
    """The kernel's message about the relocation ``at`` with the result ``value``."""
    where, symbol = _where(relsec, relocs, at), relocs.symbols[at]
    mask = (1 << relsec.arch.bits) - 1
    known = relsec.values[symbol]
    total = known + (relocs.A[at] if relocs.A else 0)
    text = diagnostic.text.format(
        prefix=relsec.arch.prefix,
        module=relsec.name,
        number=relocs.numbers[at],
        name=where.relocation,
        index=at,
        section=relsec.header.sh_info,
        relsec=relsec.at,
        symbol=where.symbol,
        anonymous=where.symbol or "(anonymous)",
        offset=where.offset,
        size=len(relsec.memory),
        place=where.address,
        value=value & mask,
        signed=value,
        words=(value & mask) >> 2,
        S=known & mask,
        sum=total & mask,
        against=_against(relsec, symbol),
    )
    return LinkError(relsec.name, text, diagnostic.errno, where)


def _against(relsec: RelocSection, symbol: int) -> str:
    """A description of the symbol ``symbol``."""
    table = relsec.image.module.symbols
    if table.infos[symbol] & 0xF == STT_SECTION:
        return f"section {table.sections[symbol]}"
    return table.name(symbol)


def _beyond(relsec: RelocSection, relocs: Relocations, at: int, text: str) -> OutOfBounds:
    return OutOfBounds(relsec.name, text, _where(relsec, relocs, at))


def _where(relsec: RelocSection, relocs: Relocations, at: int) -> Where:
    """A description of the place of the relocation ``at``."""
    module, number, symbol = relsec.image.module, relocs.numbers[at], relocs.symbols[at]
    row = relsec.arch.relocs.get(number)
    return Where(
        module.sections[relsec.header.sh_info].name,
        relocs.offsets[at],
        relsec.base + relocs.offsets[at] & (1 << relsec.arch.bits) - 1,
        row.name if row else f"relocation {number}",
        module.symbols.name(symbol),
    )
