"""PowerPC, 64 bit: obj_ppc64.c of modutils, a 32-bit program that keeps upper halves of addresses apart.

The kernel exports descriptors. A function called as .NAME and exported as NAME gets a slot after .toc with
the address of the descriptor, and a stub that loads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.arch import powerpc64
from pymodutils.arch.calc import goal, l_p, s_a, s_a_gp
from pymodutils.arch.field import insn, word
from pymodutils.arch.powerpc import HA, HI, LI, LO
from pymodutils.arch.range import signed
from pymodutils.arch.reloc import RelocType
from pymodutils.elf.constants import SHN_UNDEF
from pymodutils.errors import BadModule
from pymodutils.linux24.machine.model import CODE, DANGEROUS, ObjMachine
from pymodutils.linux24.machine.slots import Entries, Slots
from pymodutils.linux24.obj.symbols import KERNEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pymodutils.linux24.machine.slots import Reloc
    from pymodutils.linux24.obj.file import ObjFile
    from pymodutils.linux24.obj.symbols import ObjSymbol

REL24, ADDR64, TOC = 10, 38, 51
MOST: Final = 0xFFFF  # bytes of .toc
KERNEL_BASE, MODULE_BASE = 0xC << 60, 0xD << 60
STUB: Final = (0xE982_0000, 0xF841_0028, 0xE80C_0000, 0xE84C_0008, 0x7C09_03A6, 0x4E80_0420)
NOPS: Final = (0x6000_0000, 0x4DEF_7B82, 0x4FFF_FB82)  # nop; cror 15,15,15; cror 31,31,31
RESTORE: Final = 0xE841_0028  # ld 2,40(1)
DS = insn(2, (15, 2, 2))


class Toc(Slots):
    """.toc, which is extended, and .stub."""

    def __init__(self, module: ObjFile, kernel: Mapping[str, int]) -> None:
        super().__init__(module, kernel)
        self.toc, self.stubs = Entries(module, 8), Entries(module, 4 * len(STUB))
        self.descriptors: dict[ObjSymbol, ObjSymbol] = {}  # of what is called
        self.kernel_base, self.module_base = KERNEL_BASE, MODULE_BASE

    def _base(self, name: str, otherwise: int) -> int:
        """The upper half of addresses, and the lower, if the module names the kernel's symbols for them."""
        found = (self.module.symbols.find(f"__{name}_base_{half}") for half in ("hi", "lo"))
        high, low = (symbol.value if symbol and symbol.section != SHN_UNDEF else None for symbol in found)
        base = otherwise if high is None else high << 32
        return base if low is None else base & ~0xFFFF_FFFF | low & 0xFFFF_FFFF

    def needed(self, name: str) -> ObjSymbol | None:
        """A symbol, or the one for the code of its descriptor."""
        return super().needed(name) or super().needed(f".{name}")

    def create(self, relocs: Iterable[Reloc]) -> None:
        """Associate code with descriptors, and create slots and stubs for calls."""
        for symbol in self.module.symbols:
            if symbol.name.startswith(".") and symbol.section == SHN_UNDEF:
                found = self.module.symbols.find(symbol.name[1:])
                if found and found.is_external:
                    self.descriptors[symbol] = found
                    symbol.section = found.section
        self.kernel_base = self._base("kernel", KERNEL_BASE)
        self.module_base = self._base("module", MODULE_BASE)
        toc = self.module.find(".toc")
        self.toc.start = toc.size if toc else 0
        for one in relocs:
            if one.number not in PPC64.relocs:
                raise BadModule(self.module.path, f"r_info {one.number:#x} not handled\n")
            if one.number == REL24 and one.symbol in self.descriptors:
                self.toc.want((one.symbol, one.A))
                self.stubs.want((one.symbol, one.A))
        if self.toc.total:
            if self.toc.start + self.toc.total > MOST:
                text = f".toc section overflow ({self.toc.start + self.toc.total})\n"
                raise BadModule(self.module.path, text)
            if toc:
                toc.extend(self.toc.total)
            toc = toc or self.module.create(".toc", 8, self.toc.total)
            self.stubs.section = self.module.create(".stub", 4, self.stubs.total, CODE)
        self.toc.section = toc

    def settle(self) -> None:
        """Set r2 to 0x8000 past the start of .toc."""
        self.gp = self.toc.section.address + 0x8000 if self.toc.section else 0

    def goal(self, one: Reloc) -> int:
        """The target of a call, an address with its upper half, or r2."""
        if one.number == TOC:
            return self.gp
        target = one.S + int(one.A)
        if one.number == ADDR64:
            return self._whole(one.symbol, target)
        key = (one.symbol, one.A)
        if key not in self.stubs.offsets or one.symbol is None:
            return target
        self._restore(one)
        descriptor = self.descriptors[one.symbol]
        value = self._whole(descriptor, descriptor.value)
        slot = self.toc.address(key, lambda: self.word(value))
        load = STUB[0] | slot - self.gp & 0xFFFC
        return self.stubs.address(key, lambda: self.code(load, *STUB[1:]))

    def _whole(self, symbol: ObjSymbol | None, value: int) -> int:
        if symbol is None or not symbol.is_external:
            return value
        return value | (self.kernel_base if symbol.section == KERNEL else self.module_base)

    def _restore(self, one: Reloc) -> None:
        """Restore r2 after the call."""
        memory, at = one.target.contents or bytearray(), one.offset + 4
        after = int.from_bytes(memory[at : at + 4], "big")
        if at + 4 <= len(memory) and after in NOPS:
            memory[at : at + 4] = RESTORE.to_bytes(4, "big")
        elif after != RESTORE:
            self.wrong = DANGEROUS


PPC64 = ObjMachine(
    descriptors=True,
    name="ppc64",
    arch=powerpc64.ARCHS[0]._replace(order="big"),
    relocs={
        4: RelocType("R_PPC64_ADDR16_LO", s_a, LO),
        5: RelocType("R_PPC64_ADDR16_HI", s_a, HI),
        6: RelocType("R_PPC64_ADDR16_HA", s_a, HA),
        REL24: RelocType("R_PPC64_REL24", l_p, LI, signed(26), align=4),
        ADDR64: RelocType("R_PPC64_ADDR64", goal, word(64)),
        47: RelocType("R_PPC64_TOC16", s_a_gp, word(16), signed(16)),
        TOC: RelocType("R_PPC64_TOC", goal, word(64)),
        57: RelocType("R_PPC64_ADDR16_LO_DS", s_a, DS, align=4),
        63: RelocType("R_PPC64_TOC16_DS", s_a_gp, DS, signed(16), align=4),
    },
    base=MODULE_BASE,
    slots=Toc,
)

MACHINES = (PPC64,)
