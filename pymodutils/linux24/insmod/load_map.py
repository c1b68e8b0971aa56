"""The map of insmod -m: sections and symbols with addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.elf.constants import (
    SHF_EXECINSTR,
    SHF_WRITE,
    SHN_ABS,
    SHN_LORESERVE,
    SHN_UNDEF,
    SHT_NOBITS,
    STB_LOCAL,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.linux24.obj.file import ObjFile
    from pymodutils.linux24.obj.symbols import ObjSymbol

SPECIAL: Final = {SHN_ABS: "A", SHN_UNDEF: "U"}


def lines(module: ObjFile) -> Iterator[str]:
    """The lines of the map."""
    digits = module.machine.arch.bits // 4
    yield f"Sections:       Size      {'Address':<{digits}}  Align"
    for section in module.order.sections:
        power = max(section.align.bit_length() - 1, 0)
        yield f"{section.name:<15} {section.size:08x}  {section.address:0{digits}x}  2**{power}"
    yield ""
    yield "Symbols:"
    shown = [symbol for symbol in module.symbols if module.is_loaded(symbol)]
    for symbol in sorted(shown, key=module.value):
        yield f"{module.value(symbol):0{digits}x} {_letter(module, symbol)} {symbol.name}"


def _letter(module: ObjFile, symbol: ObjSymbol) -> str:
    letter = _kind(module, symbol)
    return letter.lower() if symbol.binding == STB_LOCAL else letter


def _kind(module: ObjFile, symbol: ObjSymbol) -> str:
    if symbol.section in SPECIAL or symbol.section >= SHN_LORESERVE:
        return SPECIAL.get(symbol.section, "?")
    section = module.sections[symbol.section]
    if section.type == SHT_NOBITS or not section.is_loaded:
        return "B" if section.type == SHT_NOBITS else "?"
    if section.flags & SHF_EXECINSTR:
        return "T"
    return "D" if section.flags & SHF_WRITE else "R"
