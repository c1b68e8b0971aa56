"""Machine-specific changes to a module before its layout; module_frob_arch_sections."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pymodutils.elf.constants import SHF_ALLOC, SHF_EXECINSTR, SHN_UNDEF, SHT_NOBITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pymodutils.arch.field import Field
    from pymodutils.arch.reloc import Relocations

    Order = Callable[[], Sequence[int]]  # indexes of relocations; imported where performance matters


class Header(NamedTuple):
    """The relevant fields of a section header."""

    name: str
    sh_type: int
    sh_flags: int
    sh_size: int
    sh_addralign: int
    sh_info: int


class SymbolColumns(NamedTuple):
    """The symbol table in columns."""

    infos: Sequence[int]
    others: Sequence[int]
    sections: Sequence[int]
    name: Callable[[int], str]  # of the symbol with this index


class UnplacedModule(NamedTuple):
    """A module before its layout."""

    sections: Sequence[Header]
    symbols: SymbolColumns
    relocations: Mapping[int, Relocations]  # by section index
    words: Callable[[int, Field, Sequence[int]], Sequence[int]]  # reads words at offsets in a patched section
    options: Mapping[str, str]  # the kernel's configuration
    bits: int  # bits of the machine's words

    def find(self, name: str) -> int:
        """The index of the last section named ``name``, or 0."""
        return max((at for at, section in enumerate(self.sections) if section.name == name), default=0)

    def on(self, option: str) -> bool:
        """Whether CONFIG_``option`` is y."""
        return self.options.get(option) == "y"

    def patched(self, at: int) -> Header:
        """The section that relocation section ``at`` applies to."""
        return self.sections[self.sections[at].sh_info]

    def far(self, at: int, symbols: Iterable[int]) -> int:
        """The number of ``symbols`` outside the section patched by relocation section ``at``."""
        return sum(self.leaves(at, symbol) for symbol in symbols)

    def leaves(self, at: int, symbol: int) -> bool:
        """Whether ``symbol`` is outside the section patched by relocation section ``at``."""
        return self.section_of(symbol) != self.sections[at].sh_info

    def section_of(self, symbol: int) -> int:
        """The index of the section of ``symbol``."""
        return self.symbols.sections[symbol] if symbol < len(self.symbols.sections) else SHN_UNDEF

    def of_code(self) -> Iterator[tuple[int, Relocations]]:
        """The relocations of executable sections."""
        for at, relocs in self.relocations.items():
            if self.patched(at).sh_flags & SHF_EXECINSTR:
                yield at, relocs


class HeaderChange(NamedTuple):
    """Changes to a section header; None leaves a field unchanged."""

    sh_size: int | None = None
    sh_addralign: int | None = None
    sh_flags: int | None = None
    sh_type: int | None = None


class Frobbed(NamedTuple):
    """The loader's changes before the layout."""

    changes: Mapping[int, HeaderChange] = {}  # by section index
    orders: Mapping[int, Order] = {}  # order of the relocations of a section
    front: int = 0  # bytes reserved at the start of the module's memory
    before: Mapping[int, int] = {}  # bytes reserved before a section
    places: Mapping[tuple[str, int], int] = {}  # offsets of reserved space in ``front`` or a section
    absolute: frozenset[int] = frozenset()  # undefined symbols that become SHN_ABS
    undotted: frozenset[int] = frozenset()  # symbols whose first character is removed


def code(size: int, align: int) -> HeaderChange:
    """Space for ``size`` bytes of code."""
    return HeaderChange(size, align, SHF_ALLOC | SHF_EXECINSTR, SHT_NOBITS)


def data(size: int, align: int, flags: int = 0) -> HeaderChange:
    """Space for ``size`` bytes of read-only data."""
    return HeaderChange(size, align, SHF_ALLOC | flags, SHT_NOBITS)
