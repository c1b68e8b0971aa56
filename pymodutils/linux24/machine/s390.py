"""S/390, 31 and 64 bit: obj_s390.c and obj_s390x.c of modutils.

Each symbol with a PLT relocation has an entry in .plt, which all its calls use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.arch import s390
from pymodutils.arch.calc import l_p, s, v_plus_s_a, v_plus_s_a_p
from pymodutils.arch.field import insn, word
from pymodutils.arch.formula import formula
from pymodutils.arch.model import WORDS
from pymodutils.arch.reloc import RelocType
from pymodutils.elf.constants import STT_OBJECT
from pymodutils.linux24.machine.calc import (
    made_dbl,
    v_plus_gp_p,
    v_plus_half,
    v_plus_l,
    v_plus_s_a_gp,
    v_plus_slot,
)
from pymodutils.linux24.machine.model import WRITABLE, ObjMachine
from pymodutils.linux24.machine.slots import Entries, Slots
from pymodutils.linux24.obj.symbols import ObjSymbol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pymodutils.linux24.machine.slots import Reloc
    from pymodutils.linux24.obj.file import ObjFile

GOT12, PLT16DBL, PLT32DBL = 6, 18, 20
ENTRIES: Final = {32: frozenset({8, PLT16DBL}), 64: frozenset({8, PLT16DBL, PLT32DBL, 25})}
SLOTS: Final = {32: frozenset({GOT12, 7, 15}), 64: frozenset({GOT12, 7, 15, 24, 26})}
BASES: Final = frozenset({13, 14, 21})
ENTRY: Final = {32: (0x0D10_5810, 0x1006_07F1), 64: (0x0D10_E310, 0x100A_0004, 0x07F1_0000)}
LOW12: Final = 0xFFF


@formula("V", "G", "GP")
def or_slot(V: int, G: int, GP: int) -> int:
    """The displacement of the slot, ORed into the contents."""
    return V | (V + G - GP & LOW12)


@formula("V", "G", "GP", vectorized=False)
def half_slot(V: int, G: int, GP: int) -> int:
    """V plus half the distance from the start of the GOT to the slot."""
    return V + (G - GP >> 1)


@formula("V", "GP", "P", vectorized=False)
def gp_dbl(V: int, GP: int, P: int) -> int:
    """V plus half the distance from the instruction to the start of the GOT."""
    return V + (GP + 2 - P >> 1)


class S390Slots(Slots):
    """.got and .plt."""

    def __init__(self, module: ObjFile, kernel: Mapping[str, int]) -> None:
        super().__init__(module, kernel)
        self.bits = module.machine.arch.bits
        self.got = Entries(module, self.bits // 8)
        self.plt = Entries(module, 4 * len(ENTRY[self.bits]) + self.bits // 8)

    def create(self, relocs: Iterable[Reloc]) -> None:
        """Create both as needed; an existing .got is extended."""
        needed = False
        for one in relocs:
            if one.number in ENTRIES[self.bits]:
                self.plt.want(one.symbol)
            elif one.number in SLOTS[self.bits]:
                self.got.want(one.symbol)
            needed = needed or one.number in BASES
        if needed or self.got.total:
            found = self.module.find(".got")
            if found:
                found.extend(self.got.total)
            got = found or self.module.create(".got", self.bits // 8, self.got.total, WRITABLE)
            name = "_GLOBAL_OFFSET_TABLE_"
            self.module.symbols.add(ObjSymbol(name, STT_OBJECT, got.index, 0, 0)).section = got.index
            self.got.section = got
        if self.plt.total:
            self.plt.section = self.module.create(".plt", self.bits // 8, self.plt.total, WRITABLE)

    def settle(self) -> None:
        """Relocations are relative to the start of .got."""
        self.gp = self.got.section.address if self.got.section else 0

    def goal(self, one: Reloc) -> int:
        """The slot or PLT entry of the symbol."""
        target = one.S + int(one.A)
        if one.number in SLOTS[self.bits]:
            return self.got.address(one.symbol, lambda: self.word(target))
        if one.number not in ENTRIES[self.bits]:
            return self.module.base
        wanted = target - 2 if one.number in (PLT16DBL, PLT32DBL) else target
        return self.plt.address(one.symbol, lambda: self.code(*ENTRY[self.bits]) + self.word(wanted))


D16, D32 = insn(2, (16, 1, 0)), insn(4, (32, 1, 0))
BOTH: Final = {
    0: s390.S390.relocs[0],
    1: RelocType("R_390_8", v_plus_s_a, word(8)),
    3: RelocType("R_390_16", v_plus_s_a, word(16)),
    4: RelocType("R_390_32", v_plus_s_a, word(32)),
    5: RelocType("R_390_PC32", v_plus_s_a_p, word(32)),
    GOT12: RelocType("R_390_GOT12", or_slot, word(16)),
    7: RelocType("R_390_GOT32", v_plus_slot, word(32)),
    8: RelocType("R_390_PLT32", l_p, word(32)),
    15: RelocType("R_390_GOT16", v_plus_slot, word(16)),
    16: RelocType("R_390_PC16", v_plus_s_a_p, word(16)),
    17: RelocType("R_390_PC16DBL", v_plus_half, word(16)),
    PLT16DBL: RelocType("R_390_PLT16DBL", made_dbl, D16),
}


def _words(bits: int) -> dict[int, RelocType]:
    """The rows that patch a word of the machine."""
    whole = word(bits)
    return {
        10: RelocType("R_390_GLOB_DAT", s, whole),
        11: RelocType("R_390_JMP_SLOT", s, whole),
        12: RelocType("R_390_RELATIVE", v_plus_l, whole),
        13: RelocType("R_390_GOTOFF", v_plus_s_a_gp, whole),
        14: RelocType("R_390_GOTPC", v_plus_gp_p, whole),
    }


S390X = ObjMachine(
    name="s390x",
    arch=s390.S390,
    relocs={
        **BOTH,
        **_words(64),
        19: RelocType("R_390_PC32DBL", v_plus_half, word(32)),
        PLT32DBL: RelocType("R_390_PLT32DBL", made_dbl, D32),
        21: RelocType("R_390_GOTPCDBL", gp_dbl, word(32)),
        22: RelocType("R_390_64", v_plus_s_a, word(64)),
        23: RelocType("R_390_PC64", v_plus_s_a_p, word(64)),
        24: RelocType("R_390_GOT64", v_plus_slot, word(64)),
        25: RelocType("R_390_PLT64", l_p, word(64)),
        26: RelocType("R_390_GOTENT", half_slot, word(32)),
    },
    base=0x010C_0000,
    slots=S390Slots,
)
S390 = S390X._replace(
    name="s390",
    arch=s390.S390._replace(bits=32, extable=WORDS[32]),
    relocs={**BOTH, **_words(32)},
)

MACHINES = (S390X, S390)
