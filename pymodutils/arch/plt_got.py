"""GOT slots, PLT entries, stubs and descriptors created by the loader for a module.

    scan       Arch.frob counts the entries that relocations may need, and reserves space:
               module_frob_arch_sections
    lay out    pymodutils.link.layout, with the changed sections
    build      Arch.builder fills this space while relocations are read, and returns G and L
    apply      the rows' formulas

Builders are called for one relocation at a time (StubBuilder.goal), in the loader's order, only if the result
cannot be computed for many at once (StubBuilder.together).

All addresses here are signed numbers of the machine's width, as S and P are.
"""

from __future__ import annotations

from functools import cached_property
from itertools import repeat
from operator import add, sub
from struct import Struct
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from pymodutils.arch.range import Range
from pymodutils.arch.reloc import Diagnostic
from pymodutils.elf.headers import PREFIXES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pymodutils.arch.field import ByteOrder
    from pymodutils.arch.frob import SymbolColumns
    from pymodutils.arch.range import Range
    from pymodutils.arch.reloc import Relocations, RelocType
    from pymodutils.blank import Blank

    Order = Callable[[], Sequence[int]]  # indexes of relocations; had where it matters


class Refusal(Exception):
    """The loader stops with the message ``says``."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic
        super().__init__(diagnostic.text)


class PlacedModule(NamedTuple):
    """A module in memory."""

    bits: Literal[32, 64]
    order: ByteOrder
    relocs: Mapping[int, RelocType]
    sections: Mapping[str, Range]  # by name
    core: Range  # core area
    init: Range  # init area
    areas: Sequence[tuple[int, Blank]]  # address and content
    symbols: SymbolColumns
    front: int  # bytes reserved by Frobbed.front
    before: Mapping[int, int]  # from Frobbed.before
    places: Mapping[tuple[str, int], int]  # from Frobbed.places
    options: Mapping[str, str]  # the kernel's configuration
    kernel: Mapping[str, int]  # addresses of kernel functions used by stubs

    def write(self, address: int, content: bytes) -> None:
        """Write ``content`` at ``address``; raises Refusal outside the module."""
        memory, at = self._within(address, len(content))
        memory[at : at + len(content)] = content

    def read(self, address: int, size: int) -> bytes:
        """The ``size`` bytes at ``address``; raises Refusal outside the module."""
        memory, at = self._within(address, size)
        return bytes(memory[at : at + size])

    def _around(self, addresses: Sequence[int], size: int) -> tuple[Blank, int]:
        """The area that contains ``size`` bytes at each of ``addresses``, and its base."""
        first = min(addresses)
        memory, at = self._within(first, max(addresses) + size - first)
        return memory, at - first

    def pairs(self, addresses: Sequence[int]) -> list[tuple[int, int]]:
        """Both 32-bit words at each of ``addresses`` in one area; raises Refusal outside it."""
        if not addresses:
            return []
        memory, way = self._around(addresses, 8)
        places = map(way.__add__, addresses)
        return list(map(Struct(PREFIXES[self.order] + "II").unpack_from, repeat(memory), places))

    def put(self, instruction: int, addresses: Sequence[int]) -> None:
        """Write ``instruction`` at each of ``addresses`` in one area; raises Refusal outside it."""
        if addresses:
            memory, way = self._around(addresses, 4)
            pack = Struct(PREFIXES[self.order] + "I").pack_into
            for address in addresses:
                pack(memory, way + address, instruction)

    def word(self, value: int) -> bytes:
        """``value`` as a machine word."""
        size = self.bits // 8
        return (value & (1 << self.bits) - 1).to_bytes(size, self.order)

    def is_init(self, address: int) -> bool:
        """Whether ``address`` is in the init area."""
        return address in self.init

    def _within(self, address: int, size: int) -> tuple[Blank, int]:
        for low, memory in self.areas:
            if low <= address and address + size <= low + len(memory):
                return memory, address - low
        raise Refusal(NO_ROOM)


NO_ROOM: Final = Diagnostic("", 8)  # a real kernel stops in BUG_ON, or silently


class Relocation(NamedTuple):
    """A relocation passed to a builder."""

    number: int
    symbol: int  # index into .symtab
    S: int
    A: int
    P: int
    base: int  # address of the patched section
    section: int  # its number


class SectionRelocs(NamedTuple):
    """All relocations of a section, in the file's order."""

    relocs: Relocations
    st_values: Callable[[Sequence[int]], list[int]]  # the values of symbols
    base: int  # address of the patched section
    sorts: bool  # whether the loader sorts them


class RelocGroup:
    """Relocations of a ``section`` with equal effect, in columns; ``number`` is that of one of them."""

    def __init__(self, number: int, group: Relocations, section: SectionRelocs) -> None:
        self.number, self.symbols, self.offsets = number, group.symbols, group.offsets
        self.A, self.section, self.base = group.A or (), section, section.base

    @cached_property
    def values(self) -> dict[int, int]:
        """The value of each symbol that occurs."""
        symbols = list(set(self.symbols))
        return dict(zip(symbols, self.section.st_values(symbols), strict=True))

    @cached_property
    def S(self) -> list[int]:
        """The symbols' values."""
        return self.section.st_values(self.symbols)

    @cached_property
    def P(self) -> list[int]:
        """The addresses of the places."""
        return list(map(self.base.__add__, self.offsets))

    @property
    def targets(self) -> list[int]:
        """S+A of each."""
        return list(map(add, self.S, self.A)) if any(self.A) else self.S

    def others(self, *numbers: int) -> list[tuple[int, int, int, int]]:
        """S, A, P and symbol of those relocations of the section that have one of ``numbers``."""
        found = self.section.relocs.of(numbers)
        S, P = self.section.st_values(found.symbols), map(self.base.__add__, found.offsets)
        return list(zip(S, found.A or (), P, found.symbols, strict=True))

    def each(self, goal: Callable[[int, int], int]) -> list[int]:
        """The results of ``goal`` for all symbols and S+A, once for equal ones, largest symbol first."""
        if any(self.A):
            keys = list(zip(self.symbols, self.A, strict=True))
            kinds = sorted(set(keys), reverse=True)
            goals = {(at, A): goal(at, self.values[at] + A) for at, A in kinds}
            return list(map(goals.__getitem__, keys))
        of = {symbol: goal(symbol, self.values[symbol]) for symbol in sorted(self.values, reverse=True)}
        return list(map(of.__getitem__, self.symbols))

    def near(self, reach: Range, targets: Sequence[int]) -> bool:
        """Whether each of ``targets`` is within ``reach`` of its place."""
        first, last = self.base + min(self.offsets), self.base + max(self.offsets)
        if reach.low <= min(targets) - last and max(targets) - first < reach.high:
            return True  # whatever the pairing
        ways = list(map(sub, targets, self.P))
        return bool(reach.low <= min(ways) and max(ways) < reach.high)


class StubBuilder:
    """Creates the entries for the relocations of a module, in order; see Arch.builder."""

    gp = 0  # the global pointer
    reach: Mapping[int, Range] = {}  # numbers whose goal is S+A, without an entry, within this distance of P

    def __init__(self, module: PlacedModule) -> None:
        self.module = module
        self.defined: dict[int, int] = {}  # symbols defined by the builder
        self.also: Sequence[int] = ()  # addresses of words that ``end`` will write

    def together(self, many: RelocGroup) -> Sequence[int] | None:
        """The results of ``goal`` for ``many``, in the loader's order; None if it must be called for each.

        Entries created here are then discarded. Raising Refusal has the same meaning.
        """
        near = self.reach.get(many.number)
        if not near:
            return None
        targets, seen = many.targets, self.module.relocs[many.number].range == near
        return targets if seen or many.near(near, targets) else None  # checked by the row

    def begin(self, relocs: Relocations) -> None:
        """Prepare for the relocations of a section, before ``goal`` is called for each."""

    def goal(self, one: Relocation) -> int:
        """The value of G or L for ``one``; raises Refusal."""
        raise NotImplementedError(one)

    def end(self) -> Iterable[Diagnostic]:
        """Store the data gathered from a section's relocations; return its message. Raises Refusal."""
        return ()

    def finish(self) -> None:
        """Create the entries added after all relocations."""


def words(order: ByteOrder, *values: int) -> bytes:
    """Instructions of 32 bits."""
    return b"".join(value.to_bytes(4, order) for value in values)
