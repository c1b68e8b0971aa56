"""ARM, old ABI: obj_arm.c of modutils. Functions called have an entry in .plt, used if out of range."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.arch import arm, arm_fields
from pymodutils.arch.calc import gp_a_p, l_a_p, s_a_gp
from pymodutils.arch.field import word
from pymodutils.arch.range import signed
from pymodutils.arch.reloc import RelocType
from pymodutils.elf.constants import SHT_REL
from pymodutils.linux24.machine.calc import slot
from pymodutils.linux24.machine.model import WRITABLE, ObjMachine
from pymodutils.linux24.machine.slots import Entries, Slots

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pymodutils.linux24.machine.slots import Reloc
    from pymodutils.linux24.obj.file import ObjFile

PC24, GOTOFF, GOTPC, GOT32, PLT32 = 1, 24, 25, 26, 27
LDR_PC: Final = 0xE51F_F004  # ldr pc, [pc, #-4]
REACH: Final = signed(26)


class ArmSlots(Slots):
    """.got and .plt."""

    def __init__(self, module: ObjFile, kernel: Mapping[str, int]) -> None:
        super().__init__(module, kernel)
        self.got, self.plt = Entries(module, 4), Entries(module, 8)

    def create(self, relocs: Iterable[Reloc]) -> None:
        """Create both as needed; an existing .got is extended."""
        needed = 0
        for one in relocs:
            if one.number in (PC24, PLT32):
                self.plt.want(one.symbol)
            elif one.number in (GOTOFF, GOTPC):
                needed = needed or 4
            elif one.number == GOT32:
                self.got.start = needed if not self.got.total else self.got.start
                self.got.want(one.symbol)
        size = max(needed, self.got.start + self.got.total)
        if size:
            found = self.module.find(".got")
            if found:
                found.extend(size)
            self.got.section = found or self.module.create(".got", 8, size, WRITABLE)
        if self.plt.total:
            self.plt.section = self.module.create(".plt", 8, self.plt.total, WRITABLE)

    def settle(self) -> None:
        """Relocations are relative to the start of .got."""
        self.gp = self.got.section.address if self.got.section else 0

    def goal(self, one: Reloc) -> int:
        """The slot of the symbol, or the target of a branch to it."""
        if one.number == GOT32:
            return self.got.address(one.symbol, lambda: self.word(one.S))
        entry = self.plt.address(one.symbol, lambda: self.code(LDR_PC, one.S))
        return one.S if self.way(one, one.S) in REACH else entry


ARM = ObjMachine(
    name="arm",
    arch=arm.ARM,
    relocs={
        0: arm.ARM.relocs[0],
        PC24: RelocType("R_ARM_PC24", l_a_p, arm_fields.B24, align=4),
        2: arm.ARM.relocs[2],
        GOTOFF: RelocType("R_ARM_GOTOFF", s_a_gp, word(32)),
        GOTPC: RelocType("R_ARM_GOTPC", gp_a_p, word(32)),
        GOT32: RelocType("R_ARM_GOT32", slot, word(32)),
        PLT32: RelocType("R_ARM_PLT32", l_a_p, arm_fields.B24, align=4),
    },
    base=0xBF00_0000,  # below the kernel, where branches reach it
    rel_type=SHT_REL,
    slots=ArmSlots,
)

MACHINES = (ARM, ARM._replace(arch=arm.ARM._replace(order="big")))
