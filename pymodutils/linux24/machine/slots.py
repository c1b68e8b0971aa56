"""GOT, PLT, stubs and descriptors created by modutils for relocations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pymodutils.linux24.machine.model import WRITABLE
from pymodutils.twos_complement import signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pymodutils.linux24.obj.file import ObjFile
    from pymodutils.linux24.obj.sections import ObjSection
    from pymodutils.linux24.obj.symbols import ObjSymbol
    from pymodutils.linux24.struct_module import StructModule

UNWIND: Final = 0x7000_0001  # the type of sections with unwind information


class Reloc(NamedTuple):
    """One relocation; S, P and V are known when it is applied, A where RELA sections have it before."""

    number: int
    symbol: ObjSymbol | None
    name: str
    A: Any  # int, or None while it lies in the place
    offset: int
    target: ObjSection
    D: int = 0
    S: int = 0
    P: int = 0
    V: int = 0


class Slots:
    """The GOT, PLT, stubs and descriptors of a module. Most machines need none.

    ``wrong`` is the fault that ``goal`` found in a relocation.
    """

    def __init__(self, module: ObjFile, kernel: Mapping[str, int]) -> None:
        self.module, self.kernel = module, kernel
        self.gp, self.wrong = 0, ""

    def needed(self, name: str) -> ObjSymbol | None:
        """The symbol of the module that an export named ``name`` defines."""
        return self.module.symbols.find(name)

    def create(self, relocs: Iterable[Reloc]) -> None:
        """Create sections for the entries that ``relocs`` need; arch_create_got."""

    def settle(self) -> None:
        """Called when sections have addresses; arch_finalize_section_address."""

    def goal(self, one: Reloc) -> int:
        """The value of the letters L and G, creating an entry if necessary."""
        return one.S + int(one.A)

    def archdata(self) -> bytes:
        """The contents of __archdata; arch_archdata."""
        return b""

    def complete(self, header: StructModule) -> None:
        """The last changes of struct module; arch_init_module."""

    def span(self, name: str) -> bytes:
        """The start and end of the section ``name`` as two words; empty if it does not exist."""
        found = self.module.find(name)
        return self.word(found.address) + self.word(found.address + found.size) if found else b""

    def describe(self, opd: Entries, header: StructModule) -> None:
        """Let init and cleanup be the first two descriptors in ``opd``."""
        section = opd.section
        if section is None or section.contents is None:
            return
        for at, name in enumerate(("init", "cleanup")):
            if header[name]:
                made = self.word(header[name]) + self.word(self.gp)
                section.contents[opd.size * at : opd.size * (at + 1)] = made.rjust(opd.size, b"\0")
                header[name] = section.address + opd.size * at

    def way(self, one: Reloc, target: int) -> int:
        """The distance of ``target`` from the place of ``one``."""
        return signed(target - one.P, self.module.machine.arch.bits)

    def word(self, value: int) -> bytes:
        """``value`` as a machine word."""
        size = self.module.machine.arch.bits // 8
        return (value & (1 << 8 * size) - 1).to_bytes(size, self.module.machine.arch.order)

    def code(self, *words: int) -> bytes:
        """``words`` of 32 bits, as instructions."""
        order = self.module.machine.arch.order
        return b"".join((word & 0xFFFF_FFFF).to_bytes(4, order) for word in words)


class UnwindSlots(Slots):
    """The slots of a machine whose modules pass unwind information."""

    def archdata(self) -> bytes:
        """The range of the unwind information, and gp (dp)."""
        first = self.module.sections[1].address
        found = next((section for section in self.module.sections if section.type == UNWIND), None)
        start, end = (found.address, found.address + found.size) if found else (0, 0)
        return b"".join(map(self.word, (0, first, start, end, self.gp)))


class Entries:
    """A section of entries of ``size`` bytes that are filled when they are first used."""

    def __init__(self, module: ObjFile, size: int) -> None:
        self.module, self.size = module, size
        self.section: ObjSection | None = None
        self.offsets: dict[object, int] = {}
        self._filled: set[object] = set()
        self.start = 0  # of the entries in the section

    def want(self, key: object) -> None:
        """Reserve an entry for ``key``."""
        self.offsets.setdefault(key, len(self.offsets) * self.size + self.start)

    @property
    def total(self) -> int:
        """The size of all entries in bytes."""
        return len(self.offsets) * self.size

    def of(self, key: object, make: Callable[[], bytes]) -> int:
        """The offset of the entry of ``key``, which ``make`` fills."""
        at = self.offsets[key]
        if key not in self._filled and self.section is not None and self.section.contents is not None:
            self._filled.add(key)
            made = make()
            self.section.contents[at : at + len(made)] = made
        return at

    def address(self, key: object, make: Callable[[], bytes]) -> int:
        """The same as an address."""
        return (self.section.address if self.section else 0) + self.of(key, make)


class GotSlots(Slots):
    """A GOT with a slot for each symbol with a relocation of ``slots``; ``bases`` only need the GOT."""

    slots: frozenset[int] = frozenset()
    bases: frozenset[int] = frozenset()
    entry = 4

    def __init__(self, module: ObjFile, kernel: Mapping[str, int]) -> None:
        super().__init__(module, kernel)
        self.got = Entries(module, self.entry)

    def create(self, relocs: Iterable[Reloc]) -> None:
        """Create .got if needed."""
        needed = False
        for one in relocs:
            needed = needed or one.number in self.bases
            if one.number in self.slots:
                self.got.want(one.symbol)
        if needed or self.got.total:
            self.got.section = self.module.create(".got", self.entry, self.got.total, WRITABLE)

    def settle(self) -> None:
        """Relocations are relative to the start of .got."""
        self.gp = self.got.section.address if self.got.section else 0

    def goal(self, one: Reloc) -> int:
        """The slot, or the address of the image for relocations of shared objects."""
        if one.number in self.slots:
            return self.got.address(one.symbol, lambda: self.word(one.S))
        return self.module.base
