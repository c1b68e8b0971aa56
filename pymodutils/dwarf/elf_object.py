"""Sections and symbols of a module, read by pyelftools.

All sections of a module have address 0, so each gets a distinct one first.
"""

from __future__ import annotations

import zlib
from functools import cached_property
from struct import error as StructError  # noqa: N812 -- struct calls it error
from struct import iter_unpack
from typing import TYPE_CHECKING, Final, Literal

from elftools.common.exceptions import ELFError
from elftools.construct import ConstructError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import Section, Symbol, SymbolTableSection

from pymodutils.elf.constants import SHF_ALLOC
from pymodutils.mapped import patchable, stream

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pymodutils.mapped import Contents

ByteOrder = Literal["little", "big"]

DAMAGE: Final = (
    ELFError,
    ConstructError,
    StructError,
    ValueError,
    LookupError,
    AssertionError,
    TypeError,
    ArithmeticError,
    AttributeError,
    RecursionError,
    MemoryError,
    zlib.error,
)


class ElfObject:
    """The sections and symbols of the module ``data``; a damaged one has none."""

    def __init__(self, data: Contents) -> None:
        self.data = patchable(data)
        self.bases: dict[int, int] = {}  # of allocated sections, in a made-up layout
        self.sizes: dict[int, int] = {}  # of the same, in bytes
        self.sections: dict[str, int] = {}  # their names; the first of a name
        self.elf: ELFFile | None = None
        try:
            self._lay_out(ELFFile(stream(data)))
            self.elf = ELFFile(stream(self.data))
        except DAMAGE:
            self.bases.clear()

    def _lay_out(self, elf: ELFFile) -> None:
        """Let the value of each symbol be an address that no other section has."""
        at = 1 << 20
        for number, section in enumerate(elf.iter_sections()):
            if section["sh_flags"] & SHF_ALLOC:
                self.bases[number], self.sizes[number] = at, section["sh_size"]
                self.sections.setdefault(section.name, number)
                at += (section["sh_size"] + 0xFFFFF) & ~0xFFFFF or 1 << 20
        table = elf.get_section_by_name(".symtab")
        size, place, width = (24, 8, 8) if elf.elfclass == 64 else (16, 4, 4)  # noqa: PLR2004
        for number, symbol in enumerate(symbols_of(table)):
            base = self.bases.get(symbol["st_shndx"], 0)
            if table and base:
                start = table["sh_offset"] + number * size + place
                value = (symbol["st_value"] + base) % (1 << width * 8)
                order: ByteOrder = "little" if elf.little_endian else "big"
                self.data[start : start + width] = value.to_bytes(width, order)

    @cached_property
    def functions(self) -> list[tuple[int, int, str]]:
        """Address, size and name of each function, sorted."""
        table = self.elf.get_section_by_name(".symtab") if self.elf is not None else None
        found = [
            (symbol["st_value"], symbol["st_size"], symbol.name)
            for symbol in symbols_of(table)
            if symbol["st_info"]["type"] == "STT_FUNC" and symbol["st_shndx"] in self.bases
        ]
        return sorted(found)

    @cached_property
    def names(self) -> dict[int, str]:
        """The name of each allocated section by its number."""
        sections = self.elf.iter_sections() if self.elf is not None else ()
        return {number: it.name for number, it in enumerate(sections) if number in self.bases}

    @property
    def symbol_table(self) -> bytes:
        """The bytes of the symbol table, with the values of the layout."""
        table = self.elf.get_section_by_name(".symtab") if self.elf is not None else None
        return bytes(table.data()) if table else b""

    @cached_property
    def objects(self) -> list[tuple[int, int, str]]:
        """Address, size and name of each object, sorted; the largest of those that overlap."""
        table = self.elf.get_section_by_name(".symtab") if self.elf is not None else None
        found: list[tuple[int, int, str]] = []
        for start, size, name in sorted(
            (it["st_value"], -it["st_size"], it.name)
            for it in symbols_of(table)
            if it["st_info"]["type"] == "STT_OBJECT" and it["st_shndx"] in self.bases and it["st_size"]
        ):
            if not found or start >= found[-1][0] + found[-1][1]:
                found.append((start, -size, name))
        return found

    def calls(self, section: int, functions: Collection[str]) -> list[tuple[int, str]]:
        """The relocations of ``section`` that name one of ``functions``: offset and name."""
        if self.elf is None:
            return []
        found: list[tuple[int, str]] = []
        wanted = {at: name for at, name in self._undefined.items() if name in functions}
        for header in self.elf.iter_sections("SHT_RELA"):
            if header["sh_info"] == section and wanted:
                entries = iter_unpack("<QQq", header.data())
                found += [(offset, wanted[info >> 32]) for offset, info, _ in entries if info >> 32 in wanted]
        return found

    @cached_property
    def _undefined(self) -> dict[int, str]:
        table = self.elf.get_section_by_name(".symtab") if self.elf is not None else None
        return {at: it.name for at, it in enumerate(symbols_of(table)) if it["st_shndx"] == "SHN_UNDEF"}

    @cached_property
    def symbols(self) -> dict[str, tuple[int, int]]:
        """Name -> section number and offset of each symbol in an allocated section; the first of a name."""
        table = self.elf.get_section_by_name(".symtab") if self.elf is not None else None
        found: dict[str, tuple[int, int]] = {}
        for symbol in symbols_of(table):
            base = self.bases.get(symbol["st_shndx"])
            if base is not None and symbol.name:
                found.setdefault(symbol.name, (symbol["st_shndx"], symbol["st_value"] - base))
        return found

    def number(self, name: str) -> int:
        """The number of the first section called ``name``; 0 without one."""
        sections = self.elf.iter_sections() if self.elf is not None else ()
        return next((at for at, section in enumerate(sections) if section.name == name), 0)


def symbols_of(table: Section | None) -> Iterator[Symbol]:
    """The symbols of ``table``, if it is a symbol table."""
    return table.iter_symbols() if isinstance(table, SymbolTableSection) else iter(())
