"""A module file while it is linked: sections, symbols, and what is patched once addresses are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.elf.constants import SHF_ALLOC, SHF_WRITE, SHN_LORESERVE, SHT_PROGBITS
from pymodutils.linux24.obj.sections import LoadOrder, ObjSection
from pymodutils.linux24.obj.symbols import ObjSymbol, SymbolTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.linux24.machine.model import ObjMachine

STRINGS: Final = ".kstrtab"


class SymbolPatch(NamedTuple):
    """A pointer in ``section`` to be set to ``target``: a symbol's value, or a string's place in .kstrtab."""

    section: ObjSection
    offset: int
    target: ObjSymbol | int


class FileSymbol(NamedTuple):
    """A symbol as .symtab has it; one without a name is called as its section."""

    name: str
    given: str  # the name in .strtab
    binding: int


class ObjFile:
    """The module in ``path``; ``clash`` hears of symbols that are defined twice."""

    def __init__(self, path: str, machine: ObjMachine, clash: Callable[[str], None]) -> None:
        self.path, self.machine = path, machine
        self.sections: list[ObjSection] = []
        self.order = LoadOrder(machine.short)
        self.symbols = SymbolTable(machine.arch.bits, clash)
        self.symtab: list[FileSymbol] = []
        self.patches: list[SymbolPatch] = []
        self.base = self.flags = 0  # flags are those of the ELF header

    def find(self, name: str) -> ObjSection | None:
        """The first section called ``name``."""
        return next((section for section in self.sections if section.name == name), None)

    def create(self, name: str, align: int, size: int = 0, flags: int = 0) -> ObjSection:
        """A new section of ``size`` zero bytes, to be loaded."""
        section = self._new(name, align, size, flags)
        self.order.insert(section)
        return section

    def create_first(self, name: str, align: int, size: int) -> ObjSection:
        """The same, loaded before all others."""
        section = self._new(name, align, size, SHF_WRITE)
        self.order.insert_first(section)
        return section

    def _new(self, name: str, align: int, size: int, flags: int) -> ObjSection:
        section = ObjSection(
            name, len(self.sections), sh_type=SHT_PROGBITS, flags=flags | SHF_ALLOC, align=align
        )
        if size:
            section.fill(bytes(size))
        self.sections.append(section)
        return section

    def point_to_string(self, section: ObjSection, offset: int, text: str) -> None:
        """Have a pointer set to ``text``, which becomes part of .kstrtab."""
        data = text.encode("utf-8", "surrogateescape") + b"\0"
        strings = self.find(STRINGS) or self.create(STRINGS, 1)
        at = strings.extend(len(data))
        if strings.contents is not None:
            strings.contents[at:] = data
        self.patches.append(SymbolPatch(section, offset, at))

    def point_to_symbol(self, section: ObjSection, offset: int, symbol: ObjSymbol) -> None:
        """Have a pointer set to the value of ``symbol``."""
        self.patches.append(SymbolPatch(section, offset, symbol))

    def symbol_at(self, index: int) -> ObjSymbol | None:
        """What symbol ``index`` of .symtab has become: a local one that very symbol, others by their name."""
        symbol = self.symtab[index]
        return self.symbols.find(symbol.name) if symbol.binding else self.symbols.locals.get(index)

    def value(self, symbol: ObjSymbol | None) -> int:
        """The address that ``symbol`` stands for; 0 of none."""
        if symbol is None:
            return 0
        if symbol.section >= SHN_LORESERVE:
            return symbol.value
        return symbol.value + self.sections[symbol.section].address

    def is_loaded(self, symbol: ObjSymbol) -> bool:
        """Whether it is the module's own, and absolute or in a section that is loaded."""
        if symbol.is_external:
            return False
        return symbol.section >= SHN_LORESERVE or self.sections[symbol.section].is_loaded

    def place(self) -> int:
        """Give each loaded section its offset in the image; bytes of that."""
        end = 0
        for section in self.order.sections:
            end = -(-end // (section.align or 1)) * (section.align or 1)
            section.address = end
            end += section.size
        return end

    def move(self, base: int) -> None:
        """Turn offsets into addresses of an image at ``base``."""
        self.base = base
        for section in self.sections:
            section.address += base

    def apply_patches(self) -> None:
        """Set the pointers that have been asked for; the first of several to one place wins."""
        size, order = self.machine.arch.bits // 8, self.machine.arch.order
        strings = self.find(STRINGS)
        for section, offset, target in reversed(self.patches):
            start = strings.address if strings else 0
            value = start + target if isinstance(target, int) else self.value(target)
            if section.contents is not None:
                section.contents[offset : offset + size] = (value & (1 << 8 * size) - 1).to_bytes(size, order)

    def image(self, size: int) -> bytearray:
        """The image, of ``size`` bytes."""
        image = bytearray(size)
        for section in self.order.sections:
            start = section.address - self.base
            if section.contents is not None:
                image[start : start + section.size] = section.contents
        return image
