"""What a loader makes of its own for a module: GOT slots, PLT entries, stubs, descriptors.

    scan       Arch.frob counts what the relocations may need, and makes room: module_frob_arch_sections
    lay out    pymodutils.link.layout, with the sections as they are then
    make       Arch.maker fills that room while relocations are read, and says what G and L are worth
    apply      the rows' formulas

All addresses here are signed numbers of the machine's width, as S and P are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.arch.model import Says, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pymodutils.arch.model import Arch, ByteOrder, Fixups, Range

SHT_NOBITS: Final = 8
SHF_ALLOC: Final = 2
SHF_EXECINSTR: Final = 4
SHN_UNDEF: Final = 0
SHN_LIVEPATCH: Final = 0xFF20
STT_FUNC: Final = 2


class Refusal(Exception):
    """The loader stops, and ``says`` why."""

    def __init__(self, says: Says) -> None:
        self.says = says
        super().__init__(says.text)


class Header(NamedTuple):
    """What is looked at in a section header."""

    name: str
    sh_type: int
    sh_flags: int
    sh_size: int
    sh_addralign: int
    sh_info: int


class Symbols(NamedTuple):
    """The symbol table in columns."""

    infos: Sequence[int]
    others: Sequence[int]
    sections: Sequence[int]
    name: Callable[[int], str]  # of the symbol with this index


class Draft(NamedTuple):
    """A module before its layout."""

    sections: Sequence[Header]
    symbols: Symbols
    relocations: Mapping[int, Fixups]  # by the number of their section; of REL ones, A is known
    options: Mapping[str, str]  # the kernel's configuration
    bits: int  # of the machine's words

    def find(self, name: str) -> int:
        """The number of the last section called ``name``, or 0."""
        return max((at for at, section in enumerate(self.sections) if section.name == name), default=0)

    def on(self, option: str) -> bool:
        """Whether CONFIG_``option`` is y."""
        return self.options.get(option) == "y"

    def patched(self, at: int) -> Header:
        """The section that relocation section ``at`` applies to."""
        return self.sections[self.sections[at].sh_info]

    def section_of(self, symbol: int) -> int:
        """The number of the section that ``symbol`` is in."""
        return self.symbols.sections[symbol] if symbol < len(self.symbols.sections) else SHN_UNDEF

    def of_code(self) -> Iterator[tuple[int, Fixups]]:
        """The relocations of sections that are executed."""
        for at, fixups in self.relocations.items():
            if self.patched(at).sh_flags & SHF_EXECINSTR:
                yield at, fixups


class Room(NamedTuple):
    """What a section header becomes; what is None stays."""

    sh_size: int | None = None
    sh_addralign: int | None = None
    sh_flags: int | None = None
    sh_type: int | None = None


class Frobbed(NamedTuple):
    """What the loader changes before the layout."""

    rooms: Mapping[int, Room] = {}  # by the number of the section
    orders: Mapping[int, Sequence[int]] = {}  # how it sorts the relocations of a section
    front: int = 0  # bytes at the beginning of the module's memory
    before: Mapping[int, int] = {}  # bytes in front of a section
    places: Mapping[tuple[str, int], int] = {}  # where in ``front`` or a section what was counted lies
    absolute: frozenset[int] = frozenset()  # undefined symbols that become SHN_ABS
    undotted: frozenset[int] = frozenset()  # symbols whose names lose the first character


def code(size: int, align: int) -> Room:
    """Room for ``size`` bytes of code."""
    return Room(size, align, SHF_ALLOC | SHF_EXECINSTR, SHT_NOBITS)


def data(size: int, align: int, flags: int = 0) -> Room:
    """Room for ``size`` bytes of constants."""
    return Room(size, align, SHF_ALLOC | flags, SHT_NOBITS)


class Memory(NamedTuple):
    """A module in memory."""

    arch: Arch
    sections: Mapping[str, Span]  # by name
    core: Span  # what stays
    init: Span  # what init() leaves free
    areas: Sequence[tuple[int, bytearray]]  # address and content
    symbols: Symbols
    front: int  # bytes that Frobbed.front reserved
    before: Mapping[int, int]  # what Frobbed.before said
    places: Mapping[tuple[str, int], int]  # what Frobbed.places said
    options: Mapping[str, str]  # the kernel's configuration
    kernel: Mapping[str, int]  # addresses of what stubs need of the kernel itself

    def write(self, address: int, content: bytes) -> None:
        """Put ``content`` at ``address``; raises Refusal outside of the module."""
        memory, at = self._within(address, len(content))
        memory[at : at + len(content)] = content

    def read(self, address: int, size: int) -> bytes:
        """The ``size`` bytes at ``address``; raises Refusal outside of the module."""
        memory, at = self._within(address, size)
        return bytes(memory[at : at + size])

    def word(self, value: int) -> bytes:
        """``value`` as a machine word."""
        size = self.arch.bits // 8
        return (value & (1 << self.arch.bits) - 1).to_bytes(size, self.arch.order)

    def is_init(self, address: int) -> bool:
        """Whether ``address`` is in what init() leaves free."""
        return self.init.low <= address < self.init.high

    def _within(self, address: int, size: int) -> tuple[bytearray, int]:
        for low, memory in self.areas:
            if low <= address and address + size <= low + len(memory):
                return memory, address - low
        raise Refusal(NO_ROOM)


NO_ROOM: Final = Says("", 8)  # a real kernel stops by BUG_ON, or without a word


class Fixup(NamedTuple):
    """One relocation that a maker is asked about."""

    number: int
    symbol: int  # index into .symtab
    S: int
    A: int
    P: int
    B: int  # address of the patched section
    section: int  # its number


class Maker:
    """Makes what the relocations of one module need, in their order; see Arch.maker."""

    gp = 0  # what the global pointer holds
    reach: Mapping[int, Range] = {}  # numbers whose goal is S+A, unmade, if it is as near to P as this

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.defined: dict[int, int] = {}  # symbols to which it gives a value

    def begin(self, fixups: Fixups) -> None:
        """See all relocations of a section, before ``goal`` is asked about each."""

    def goal(self, one: Fixup) -> int:
        """What G or L is worth for ``one``; raises Refusal."""
        raise NotImplementedError(one)

    def end(self) -> Iterable[Says]:
        """Store what a section's relocations have gathered; what is said of it. Raises Refusal."""
        return ()

    def finish(self) -> None:
        """Make what is made when all is relocated."""


class Table:
    """Room that fills up with entries; the last ``spare`` of them stay free."""

    def __init__(
        self, memory: Memory, span: Span, size: int, *, spare: int = 0, full: Says = NO_ROOM
    ) -> None:
        self.memory, self.span, self.size, self.full = memory, span, size, full
        self.limit = (span.high - span.low) // size - spare
        self.count = 0
        self.known: dict[object, int] = {}  # the address of the latest entry for each value

    @property
    def next(self) -> int:
        """Where the next entry will be."""
        return self.span.low + self.size * self.count

    def add(self, value: object, content: bytes) -> int:
        """The address of a new entry with ``content`` for ``value``; raises Refusal if there is no room."""
        address = self.next
        if self.count >= self.limit:
            raise Refusal(self.full)
        self.memory.write(address, content)
        self.known[value] = address
        self.count += 1
        return address


class Slots(Table):
    """Words that each hold a value: a global offset table."""

    def __init__(self, memory: Memory, span: Span, *, spare: int = 0, full: Says = NO_ROOM) -> None:
        super().__init__(memory, span, memory.arch.bits // 8, spare=spare, full=full)

    def of(self, value: int) -> int:
        """The address of the slot that holds ``value``."""
        if value not in self.known:
            self.add(value, self.memory.word(value))
        return self.known[value]


def words(order: ByteOrder, *values: int) -> bytes:
    """Instructions of 32 bits."""
    return b"".join(value.to_bytes(4, order) for value in values)
