"""Andes NDS32: arch/nds32/kernel/module.c of 4.17 to 5.17. Instructions are always big-endian.

Types that it does not know are logged and skipped.
"""

from __future__ import annotations

from errno import ENOEXEC
from typing import TYPE_CHECKING, Final

from pymodutils.arch.calc import s_a, s_a_p
from pymodutils.arch.field import insn, word
from pymodutils.arch.model import REL_UNSUPPORTED, WORDS, Arch
from pymodutils.arch.range import signed
from pymodutils.arch.reloc import Diagnostic, RelocType

if TYPE_CHECKING:
    from pymodutils.arch.field import Field
    from pymodutils.arch.model import ByteOrder

HINTS: Final = (  # for the linker
    *("INSN16", "LABEL", "LONGCALL1", "LONGCALL2", "LONGCALL3", "LONGJUMP1", "LONGJUMP2", "LONGJUMP3"),
    *("LOADSTORE", "9_FIXED_RELA", "15_FIXED_RELA", "17_FIXED_RELA", "25_FIXED_RELA"),
)  # from 51 on
DWARF2: Final = ("DWARF2_OP1_RELA", "DWARF2_OP2_RELA", "DWARF2_LEB_RELA")  # from 77 on
IGNORED: Final = {
    0: "NONE",
    **dict(enumerate(HINTS, 51)),
    **dict(enumerate(DWARF2, 77)),
    107: "LONGCALL4",
    **dict.fromkeys(range(192, 256), "RELA_NOP"),
}
WHAT: Final = "{module}: unsupported relocation type {number}.\n"
WHERE: Final = "section {relsec} reloc {index} offset {offset:#x} size {size}"
SMALL_DATA: Final = Diagnostic(
    f"{WHAT}Small data section access doesn't work in the kernel space; please rebuild the kernel module "
    f"with gcc option -mcmodel=large.\n{WHERE}",
    0,
)
FAR: Final = Diagnostic(
    "\n{module}: relocation type {number} out of range.\n"
    'please rebuild the kernel module with gcc option "-Wa,-mno-small-text".\n'
    "section {relsec} reloc {index} offset {offset:#x} relative {value:#x}.",
    ENOEXEC,
)
NO_SYMBOL: Final = Diagnostic("{module}: bad relocation\nsection {relsec} reloc {index}", ENOEXEC)
NO_PLACE: Final = Diagnostic(f"{{module}}: out of bounds relocation\n{WHERE}", ENOEXEC)


def low(shift: int) -> Field:
    """The lower 12 bits of a value without ``shift`` of them, in a field of 12."""
    return insn(4, (11, shift, 0), order="big")._replace(mask=0xFFF)


def branch(name: str, bits: int, size: int = 4) -> RelocType:
    """A branch with a distance of ``bits`` bits, in an instruction of ``size`` bytes."""
    field = insn(size, (bits - 1, 1, 0), order="big")
    return RelocType(f"R_NDS32_{name}_PCREL_RELA", s_a_p, field, signed(bits), overflow=FAR)


def nds32(order: ByteOrder) -> Arch:
    """NDS32 in one byte order."""
    return Arch(
        name="nds32",
        machines=(167,),
        bits=32,
        order=order,
        relocs={
            **{number: RelocType(f"R_NDS32_{name}") for number, name in IGNORED.items()},
            20: RelocType("R_NDS32_32_RELA", s_a, word(32)),
            22: branch("9", 9, size=2),
            23: branch("15", 15),
            24: branch("17", 17),
            25: branch("25", 25),
            26: RelocType("R_NDS32_HI20_RELA", s_a, insn(4, (31, 12, 0), order="big")),
            **{30 - by: RelocType(f"R_NDS32_LO12S{by}_RELA", s_a, low(by)) for by in range(4)},
            **{34 - by: RelocType(f"R_NDS32_SDA15S{by}_RELA", refused=SMALL_DATA) for by in range(4)},
            72: RelocType("R_NDS32_LO12S0_ORI_RELA", s_a, low(0)),
            94: branch("WORD_9", 9),
        },
        unknown=Diagnostic(WHAT + WHERE, 0),
        rel=Diagnostic(REL_UNSUPPORTED, ENOEXEC),
        out_of_bounds=(NO_SYMBOL, NO_PLACE),
        bounds=2,
        extable=WORDS[32],
        config="NDS32",
    )


NDS32, NDS32_BIG = nds32("little"), nds32("big")
ARCHS = (NDS32, NDS32_BIG)
