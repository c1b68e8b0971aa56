"""Alpha: obj_alpha.c of modutils. gp is 0x8000 past the start of .got, which always exists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.arch import alpha
from pymodutils.arch.alpha import B21, HIGH, LOW16, SMALL, after
from pymodutils.arch.calc import goal, s_a_gp, v_plus_s_a
from pymodutils.arch.field import insn, word
from pymodutils.arch.formula import formula
from pymodutils.arch.range import Range, signed
from pymodutils.arch.reloc import RelocType
from pymodutils.errors import BadModule
from pymodutils.linux24.machine.model import DANGEROUS, WRITABLE, ObjMachine
from pymodutils.linux24.machine.slots import Entries, Slots

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pymodutils.linux24.machine.slots import Reloc
    from pymodutils.linux24.obj.file import ObjFile
    from pymodutils.linux24.struct_module import StructModule

LITERAL, GPDISP = 4, 6
LDA, LDAH = 8, 9  # opcodes
MOST: Final = 0x1_0000  # bytes of .got
HIGH_FITS: Final = Range(-0x8000_8000, 0x7FFF_8000)
HINT = insn(4, (15, 2, 0))


@formula("G", "GP")
def slot_gp(G: int, GP: int) -> int:
    """The distance from gp to the slot."""
    return G - GP


class AlphaSlots(Slots):
    """.got and gp."""

    def __init__(self, module: ObjFile, kernel: Mapping[str, int]) -> None:
        super().__init__(module, kernel)
        self.got = Entries(module, 8)

    def create(self, relocs: Iterable[Reloc]) -> None:
        """Create .got with a slot for each symbol and addend."""
        for one in relocs:
            if one.number == LITERAL:
                self.got.want((one.symbol, one.A))
        if self.got.total > MOST:
            text = f".got section overflow: {self.got.total:#x} > {MOST:#x}"
            raise BadModule(self.module.path, text)
        self.got.section = self.module.create(".got", 8, self.got.total, WRITABLE | SMALL)

    def settle(self) -> None:
        """Set gp to the middle of its range."""
        self.gp = (self.got.section.address if self.got.section else 0) + 0x8000

    def goal(self, one: Reloc) -> int:
        """The symbol's slot, or the distance of gp, whose lower half goes into the lda."""
        if one.number == LITERAL:
            return self.got.address((one.symbol, one.A), lambda: self.word(one.S + int(one.A)))
        memory, at = one.target.contents or bytearray(), one.offset + int(one.A)
        if not 0 <= at <= len(memory) - 4:
            raise BadModule(self.module.path, f"{self.module.path}: lda lies outside {one.target.name}")
        lda = int.from_bytes(memory[at : at + 4], "little")
        if (one.V >> 26, lda >> 26) != (LDAH, LDA):
            self.wrong = DANGEROUS
        before = (one.V & 0xFFFF) << 16 | lda & 0xFFFF
        way = ((before ^ 0x8000_8000) - 0x8000_8000) + self.gp - one.P
        memory[at : at + 2] = (way & 0xFFFF).to_bytes(2, "little")
        return way

    def complete(self, header: StructModule) -> None:
        """Pass gp to the kernel."""
        header["gp"] = self.gp


ALPHA = ObjMachine(
    name="alpha",
    arch=alpha.ALPHA,
    relocs={
        0: alpha.ALPHA.relocs[0],
        2: RelocType("R_ALPHA_REFQUAD", v_plus_s_a, word(64)),
        3: alpha.ALPHA.relocs[3],
        LITERAL: RelocType("R_ALPHA_LITERAL", slot_gp, word(16)),
        5: alpha.ALPHA.relocs[5],
        GPDISP: RelocType(
            "R_ALPHA_GPDISP", goal, insn(4, (31, 16, 0, 0x8000)), Range(-0x8000_0000, 0x7FFF_8000)
        ),
        7: RelocType("R_ALPHA_BRADDR", after, B21, Range(-0x40_0000, 0x40_0000), align=4),
        8: RelocType("R_ALPHA_HINT", after, HINT, align=4),
        17: RelocType("R_ALPHA_GPRELHIGH", s_a_gp, HIGH, HIGH_FITS),
        18: RelocType("R_ALPHA_GPRELLOW", s_a_gp, LOW16),
        19: RelocType("R_ALPHA_GPREL16", s_a_gp, word(16), signed(16)),
    },
    base=0xFFFF_FFFC_0000_0000,  # VMALLOC_START
    slots=AlphaSlots,
    short=SMALL,
    gp=True,
    page=8192,
    extable=8,
)

MACHINES = (ALPHA,)
