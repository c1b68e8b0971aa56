"""MIPS, 32 bit: obj_mips.c of modutils. HI16 relocations are pending until the next LO16."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.arch import mips
from pymodutils.arch.calc import goal, s_a
from pymodutils.arch.field import insn, word
from pymodutils.arch.reloc import RelocType
from pymodutils.elf.constants import SHT_REL
from pymodutils.linux24.machine.model import DANGEROUS, OVERFLOW, UNHANDLED, ObjMachine
from pymodutils.linux24.machine.slots import Slots

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymodutils.linux24.machine.slots import Reloc
    from pymodutils.linux24.obj.file import ObjFile

JUMP, HI16, LO16 = 4, 5, 6
REGION: Final = 0xF000_0000
DEBUG, REGINFO = 0x7000_0005, 0x7000_0006  # types of sections
FIELD, LOW, HIGH = insn(4, (27, 2, 0)), insn(4, (15, 0, 0)), insn(4, (31, 16, 0, 0x8000))


class Halves(Slots):
    """The pending HI16 relocations."""

    def __init__(self, module: ObjFile, kernel: Mapping[str, int]) -> None:
        super().__init__(module, kernel)
        self.waiting: list[Reloc] = []

    def goal(self, one: Reloc) -> int:
        """The target of a jump, or the LO16 that completes the pending HI16s."""
        if one.symbol is not None and one.symbol.name == "_gp_disp":
            self.wrong = UNHANDLED
        if one.number == HI16:
            self.waiting.append(one)
            return one.V & 0xFFFF  # for now
        if one.number == LO16:
            low = (one.V & 0xFFFF ^ 0x8000) - 0x8000
            for high in self.waiting:
                self._complete(high, low, one.S)
            self.waiting.clear()
            return one.S + low
        if one.S % 4:
            self.wrong = DANGEROUS
        elif one.S & REGION != one.P + 4 & REGION:
            self.wrong = OVERFLOW
        return one.S + int(one.A)

    def _complete(self, high: Reloc, low: int, value: int) -> None:
        memory, order = high.target.contents, self.module.machine.arch.order
        if memory is not None:
            upper = (high.V & 0xFFFF) << 16
            made = HIGH.put(high.V, upper + low + value)
            memory[high.offset : high.offset + 4] = made.to_bytes(4, order)

    def archdata(self) -> bytes:
        """The range of __dbe_table."""
        return self.span("__dbe_table")


MIPS = ObjMachine(
    name="mips",
    arch=mips.MIPS32,
    relocs={
        0: mips.BOTH[0],
        2: RelocType("R_MIPS_32", s_a, word(32)),
        JUMP: RelocType("R_MIPS_26", goal, FIELD),
        HI16: RelocType("R_MIPS_HI16", goal, LOW),
        LO16: RelocType("R_MIPS_LO16", goal, LOW),
    },
    rel_type=SHT_REL,
    slots=Halves,
    ignored=frozenset({DEBUG, REGINFO}),
)

MACHINES = (MIPS._replace(arch=mips.MIPS32._replace(order="little")), MIPS)
