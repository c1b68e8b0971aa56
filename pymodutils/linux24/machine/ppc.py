"""PowerPC, 32 bit: obj_ppc.c of modutils. Functions called have an entry in .plt, used if out of range."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.arch import powerpc
from pymodutils.arch.calc import l_p
from pymodutils.arch.powerpc import HA, LI, LO
from pymodutils.arch.range import signed
from pymodutils.arch.reloc import RelocType
from pymodutils.linux24.machine.model import WRITABLE, ObjMachine
from pymodutils.linux24.machine.slots import Entries, Slots

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pymodutils.linux24.machine.slots import Reloc
    from pymodutils.linux24.obj.file import ObjFile

REL24: Final = 10
REACH: Final = signed(26)
LIS_R11, ADDI_R11, MTCTR_R11, BCTR = 0x3D60_0000, 0x396B_0000, 0x7D69_03A6, 0x4E80_0420


class Plt(Slots):
    """.plt, which always exists."""

    def __init__(self, module: ObjFile, kernel: Mapping[str, int]) -> None:
        super().__init__(module, kernel)
        self.plt = Entries(module, 16)

    def create(self, relocs: Iterable[Reloc]) -> None:
        """Create .plt."""
        for one in relocs:
            if one.number == REL24:
                self.plt.want((one.symbol, one.A))
        self.plt.section = self.module.create(".plt", 16, self.plt.total, WRITABLE)

    def goal(self, one: Reloc) -> int:
        """The target of a branch."""
        target = one.S + int(one.A)
        code = HA.put(0, target) | LIS_R11, LO.put(0, target) | ADDI_R11, MTCTR_R11, BCTR
        entry = self.plt.address((one.symbol, one.A), lambda: self.code(*code))
        return target if self.way(one, target) in REACH else entry

    def archdata(self) -> bytes:
        """The range of __ftr_fixup."""
        return self.span("__ftr_fixup")


PPC = ObjMachine(
    name="ppc",
    arch=powerpc.PPC,
    relocs={
        **{number: powerpc.PPC.relocs[number] for number in (1, 4, 5, 6, 26)},
        REL24: RelocType("R_PPC_REL24", l_p, LI, align=4),
    },
    slots=Plt,
)

MACHINES = (PPC,)
