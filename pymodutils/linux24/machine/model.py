"""What differs between the machines of modutils 2.4.16: rows of relocations, and what is made for them.

The rows are those of ``arch``; where modutils differs a row stands here. It knows no errno: a relocation
overflows, is dangerous, or is unhandled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pymodutils.elf.constants import SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHT_RELA
from pymodutils.linux24.struct_module import Abi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pymodutils.arch.model import Arch, RelocType
    from pymodutils.linux24.obj.file import ObjFile
    from pymodutils.linux24.obj.sections import Section
    from pymodutils.linux24.obj.symbols import Symbol
    from pymodutils.linux24.struct_module import StructModule

WRITABLE: Final = SHF_WRITE
CODE: Final = SHF_ALLOC | SHF_EXECINSTR
ARCHDATA: Final = "__archdata"
DANGEROUS: Final = "Dangerous relocation"
OVERFLOW: Final = "Relocation overflow"
UNHANDLED: Final = "Unhandled relocation"


class Reloc(NamedTuple):
    """One relocation; S, P and V are known when it is applied, A where RELA sections have it before."""

    number: int
    symbol: Symbol | None
    name: str
    A: Any  # int, or None while it lies in the place
    offset: int
    target: Section
    D: int = 0
    S: int = 0
    P: int = 0
    V: int = 0


class Slots:
    """What modutils makes for relocations: GOT, PLT, stubs, descriptors. Most machines need none.

    ``wrong`` is what ``goal`` found wrong with a relocation.
    """

    def __init__(self, module: ObjFile, kernel: Mapping[str, int]) -> None:
        self.module, self.kernel = module, kernel
        self.gp, self.wrong = 0, ""

    def needed(self, name: str) -> Symbol | None:
        """The symbol of the module that one exported as ``name`` can define."""
        return self.module.symbols.find(name)

    def create(self, relocs: Iterable[Reloc]) -> None:
        """Make sections with room for what ``relocs`` need; arch_create_got."""

    def settle(self) -> None:
        """Sections have addresses; arch_finalize_section_address."""

    def goal(self, one: Reloc) -> int:
        """What the letters L and G stand for, made if need be."""
        return one.S + int(one.A)

    def archdata(self) -> bytes:
        """What __archdata holds; arch_archdata."""
        return b""

    def complete(self, header: StructModule) -> None:
        """The last changes of struct module; arch_init_module."""

    def way(self, one: Reloc, target: int) -> int:
        """How far ``target`` is from the place of ``one``."""
        half = 1 << self.module.machine.arch.bits - 1
        return (target - one.P + half & 2 * half - 1) - half

    def word(self, value: int) -> bytes:
        """``value`` as a word of the machine."""
        size = self.module.machine.arch.bits // 8
        return (value & (1 << 8 * size) - 1).to_bytes(size, self.module.machine.arch.order)

    def code(self, *words: int) -> bytes:
        """``words`` of 32 bits, as instructions."""
        order = self.module.machine.arch.order
        return b"".join((word & 0xFFFF_FFFF).to_bytes(4, order) for word in words)


class Entries:
    """A section of entries of ``size`` bytes that are filled when they are first used."""

    def __init__(self, module: ObjFile, size: int) -> None:
        self.module, self.size = module, size
        self.section: Section | None = None
        self.offsets: dict[object, int] = {}
        self._filled: set[object] = set()
        self.start = 0  # of the entries in the section

    def want(self, key: object) -> None:
        """Have room for what ``key`` stands for."""
        self.offsets.setdefault(key, len(self.offsets) * self.size + self.start)

    @property
    def total(self) -> int:
        """Bytes of all entries."""
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


class Table(Slots):
    """A GOT with a slot for each symbol that one of ``slots`` is about; ``bases`` only need it there."""

    slots: frozenset[int] = frozenset()
    bases: frozenset[int] = frozenset()
    entry = 4

    def __init__(self, module: ObjFile, kernel: Mapping[str, int]) -> None:
        super().__init__(module, kernel)
        self.got = Entries(module, self.entry)

    def create(self, relocs: Iterable[Reloc]) -> None:
        """Make .got if it is needed."""
        needed = False
        for one in relocs:
            needed = needed or one.number in self.bases
            if one.number in self.slots:
                self.got.want(one.symbol)
        if needed or self.got.total:
            self.got.section = self.module.create(".got", self.entry, self.got.total, WRITABLE)

    def settle(self) -> None:
        """Relocations count from the beginning of .got."""
        self.gp = self.got.section.address if self.got.section else 0

    def goal(self, one: Reloc) -> int:
        """The slot, or the address of the image for relocations of shared objects."""
        if one.number in self.slots:
            return self.got.address(one.symbol, lambda: self.word(one.S))
        return self.module.base


class Machine(NamedTuple):
    """One machine: what modutils was compiled for."""

    name: str  # as in obj_NAME.c
    arch: Arch
    relocs: Mapping[int, RelocType]
    base: int  # the address that the emulated kernel's first create_module gives
    rel_type: int = SHT_RELA
    slots: type[Slots] = Slots
    short: int = 0  # ARCH_SHF_SHORT
    ignored: frozenset[int] | None = None  # types of sections from SHT_LOPROC on, passed over; None: all
    read: frozenset[int] = frozenset()  # such types that are read
    gp: bool = False  # struct module has the member gp
    slotted: frozenset[int] = frozenset()  # of instructions: arch.ia64_bundle
    page: int = 4096  # bytes
    descriptors: bool = False  # HAS_FUNCTION_DESCRIPTORS
    extable: int = 0  # bytes of struct exception_table_entry; 0: two longs

    @property
    def abi(self) -> Abi:
        """How its structures are laid out."""
        return Abi(self.arch.bits, self.arch.order, self.gp)

    @property
    def numbers(self) -> int:
        """The bits of a relocation's number that are not slots."""
        return 0xFF if self.slotted else -1

    def knows(self, sh_type: int) -> bool:
        """Whether modules may have a section of this processor's own type."""
        return self.ignored is None or sh_type in self.ignored or sh_type in self.read
