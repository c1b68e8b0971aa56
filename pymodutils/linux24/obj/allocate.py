"""Prepare for the layout: find unresolved symbols, and allocate COMMON symbols in .bss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymodutils.elf.constants import (
    SHF_ALLOC,
    SHF_WRITE,
    SHN_ABS,
    SHN_COMMON,
    SHN_UNDEF,
    SHT_NOBITS,
    SHT_PROGBITS,
    STB_WEAK,
)
from pymodutils.linux24.obj.file import LARGEST
from pymodutils.linux24.obj.sections import ObjSection

if TYPE_CHECKING:
    from pymodutils.linux24.obj.file import ObjFile


def unresolved(module: ObjFile) -> list[str]:
    """The unresolved symbols; weak ones become absolute zeros."""
    names = []
    for symbol in module.symbols:
        if symbol.section == SHN_UNDEF:
            if symbol.binding == STB_WEAK:
                symbol.section, symbol.value = SHN_ABS, 0
            else:
                names.append(symbol.name)
    return names


def allocate_commons(module: ObjFile) -> None:
    """Allocate COMMON symbols in the first section without data, small ones first, and give it data."""
    commons = [symbol for symbol in module.symbols if symbol.section == SHN_COMMON]
    commons.reverse()  # of equal size, later ones first
    commons.sort(key=lambda symbol: symbol.size)
    if commons:
        bss = next((section for section in module.sections if section.type == SHT_NOBITS), None) or _bss(
            module
        )
        for symbol in commons:
            align = symbol.value or 1
            bss.align = max(bss.align, symbol.value)
            bss.size = -(-bss.size // align) * align
            symbol.section, symbol.value = bss.index, bss.size
            bss.size += symbol.size
    room = LARGEST
    for section in module.sections:
        if section.type == SHT_NOBITS:
            section.type = SHT_PROGBITS
            room -= section.size
            if section.size and room >= 0:  # else ``place`` will refuse it
                section.fill(bytes(section.size))


def _bss(module: ObjFile) -> ObjSection:
    """A new .bss, which modutils does not load."""
    section = ObjSection(
        ".bss", len(module.sections), sh_type=SHT_PROGBITS, flags=SHF_WRITE | SHF_ALLOC, align=0
    )
    module.sections.append(section)
    return section
