"""A module file being linked: sections, symbols, and pointers to patch once addresses are known."""

from __future__ import annotations

from errno import ENOMEM
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.elf.constants import SHF_ALLOC, SHF_WRITE, SHN_LORESERVE, SHT_PROGBITS
from pymodutils.errors import BadModule
from pymodutils.linux24.obj.sections import LoadOrder, ObjSection
from pymodutils.linux24.obj.symbols import ObjSymbol, SymbolTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.linux24.machine.model import ObjMachine

STRINGS: Final = ".kstrtab"
LARGEST: Final = 64 << 20  # bytes of a module: half of what vmalloc has on i386, for all modules


class SymbolPatch(NamedTuple):
    """A pointer in ``section`` to be set to ``target``: a symbol's value, or a string's place in .kstrtab."""

    section: ObjSection
    offset: int
    target: ObjSymbol | int


class FileSymbol(NamedTuple):
    """A symbol of .symtab; one without a name has that of its section."""

    name: str
    given: str  # the name in .strtab
    binding: int


class ObjFile:
    """The module in ``path``; ``clash`` is called for symbols that are defined twice."""

    def __init__(self, path: str, machine: ObjMachine, clash: Callable[[str], None]) -> None:
        self.path, self.machine = path, machine
        self.sections: list[ObjSection] = []
        self.order = LoadOrder(machine.short)
        self.symbols = SymbolTable(machine.arch.bits, clash)
        self.symtab: list[FileSymbol] = []
        self.patches: list[SymbolPatch] = []
        self.base = self.flags = 0  # flags are those of the ELF header

    def find(self, name: str) -> ObjSection | None:
        """The first section named ``name``."""
        return next((section for section in self.sections if section.name == name), None)

    def create(self, name: str, align: int, size: int = 0, flags: int = 0) -> ObjSection:
        """Create a loaded section of ``size`` zero bytes."""
        section = self._new(name, align, size, flags)
        self.order.insert(section)
        return section

    def create_first(self, name: str, align: int, size: int) -> ObjSection:
        """Create a section that is loaded before all others."""
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
        """Set a pointer to ``text``, which is added to .kstrtab."""
        data = text.encode("utf-8", "surrogateescape") + b"\0"
        strings = self.find(STRINGS) or self.create(STRINGS, 1)
        at = strings.extend(len(data))
        if strings.contents is not None:
            strings.contents[at:] = data
        self.patches.append(SymbolPatch(section, offset, at))

    def point_to_symbol(self, section: ObjSection, offset: int, symbol: ObjSymbol) -> None:
        """Set a pointer to the value of ``symbol``."""
        self.patches.append(SymbolPatch(section, offset, symbol))

    def symbol_at(self, index: int) -> ObjSymbol | None:
        """The symbol ``index`` of .symtab: a local one by index, others by name."""
        symbol = self.symtab[index]
        return self.symbols.find(symbol.name) if symbol.binding else self.symbols.locals.get(index)

    def value(self, symbol: ObjSymbol | None) -> int:
        """The value of ``symbol``; 0 without one."""
        if symbol is None:
            return 0
        if symbol.section >= SHN_LORESERVE:
            return symbol.value
        return symbol.value + self.sections[symbol.section].address

    def is_loaded(self, symbol: ObjSymbol) -> bool:
        """Whether it is defined by the module, and absolute or in a loaded section."""
        if symbol.is_external:
            return False
        return symbol.section >= SHN_LORESERVE or self.sections[symbol.section].is_loaded

    def place(self) -> int:
        """Set the offset of each loaded section in the image; return its size, at most LARGEST."""
        end = 0
        for section in self.order.sections:
            end = -(-end // (section.align or 1)) * (section.align or 1)
            section.address = end
            end += section.size
        if end > LARGEST:
            raise BadModule(self.path, f"can't allocate kernel memory for module; needed {end} bytes", ENOMEM)
        return end

    def move(self, base: int) -> None:
        """Convert offsets to addresses for an image at ``base``."""
        self.base = base
        for section in self.sections:
            section.address += base

    def apply_patches(self) -> None:
        """Set the requested pointers; the first of several for one place wins."""
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
