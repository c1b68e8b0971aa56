"""MIPS, 32 and 64 bit: the psABI supplement and its 64-bit edition; arch/mips/kernel/module.c of 6.1.

32-bit modules have REL sections: the addend is split between a HI16 and the following LO16. 64-bit ones have
RELA sections; r_info holds three types, of which the kernel uses the first.
"""

from __future__ import annotations

from errno import EINVAL, ENOENT, ENOEXEC
from itertools import compress
from typing import TYPE_CHECKING, Final

from pymodutils.arch import vector
from pymodutils.arch.calc import ERRORS, s_a
from pymodutils.arch.field import insn, word
from pymodutils.arch.formula import formula
from pymodutils.arch.model import REL_UNSUPPORTED, WORDS, Arch
from pymodutils.arch.range import Range, signed, unsigned
from pymodutils.arch.reloc import Diagnostic, Relocations, RelocType, RInfo
from pymodutils.arch.syscalls import Numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

JUMP, HI16, LO16 = 4, 5, 6
WIDE: Final = frozenset({18, 28, 29})  # supported in RELA sections only
IS_JUMP, IS_HI16 = (bytes(number == one for number in range(1 << 8)) for one in (JUMP, HI16))
REGION: Final = 1 << 28  # range of a jump in bytes
BYTE: Final = 0xFF


@formula("S", "A", "P")
def in_region(S: int, A: int, P: int) -> int:
    """S + A within the 256 MB region of the delay slot."""
    return S + A - (P + 4 & -REGION) & 0xFFFF_FFFF


@formula("S", "A", "P")
def from_word(S: int, A: int, P: int) -> int:
    """S + A - P, P being aligned to 4."""
    return S + A - (P + 3 & -4)


def dangerous(kind: str) -> Diagnostic:
    """The message for a misaligned target."""
    return Diagnostic(f"module {{module}}: dangerous R_MIPS_{kind} relocation", ENOEXEC)


OVERFLOW = Diagnostic("module {module}: relocation overflow", ENOEXEC)
UNPAIRED = Diagnostic("", ENOEXEC)  # detected at the end of the section
UNWANTED = Diagnostic("", EINVAL)  # after a warning with a trace of the stack
PC16, PC21, PC26 = (insn(4, (bits + 1, 2, 0)) for bits in (16, 21, 26))


def pair(relocs: Relocations, base: int) -> dict[int, Diagnostic]:
    """Complete the addends in the fields."""
    numbers, S, A = relocs.numbers, relocs.S or [], relocs.A or []
    codes, every = bytes(numbers), range(len(numbers))
    wide = any(number in codes for number in WIDE)
    refused = {at: UNWANTED for at in every if codes[at] in WIDE} if wide else {}
    for at in compress(every, codes.translate(IS_JUMP)) if JUMP in codes else ():
        A[at] = _wrapped(in_region(S[at], 0, base + relocs.offsets[at]), A[at])
    for high in compress(every, codes.translate(IS_HI16)):
        low = codes.find(LO16, high)
        if low < 0:
            return refused | {len(numbers): UNPAIRED}
        A[high] += A[low]
        if S[high] != S[low]:
            refused[low] = dangerous("LO16")
    return refused


def _wrapped(target: int, addend: int) -> int:
    """The addend of a jump, wrapped to the region; only the symbol itself is checked."""
    return (target + addend) % REGION - target if target < REGION else 0


def info_big(words: Sequence[int]) -> RInfo:
    """The symbol first, the number last."""
    low, high = vector.halves(words)
    return RInfo(list(map(BYTE.__and__, low)), high)


def info_little(words: Sequence[int]) -> RInfo:
    """The same bytes in a word that begins with the low ones."""
    low, high = vector.halves(words)
    return RInfo([half >> 24 for half in high], low)


def of_o32(e_flags: int, _e_entry: int) -> bool:
    """Whether the file is of the 32-bit ABI."""
    return not e_flags & EF_MIPS_ABI2 and e_flags & EF_MIPS_ABI in (0, EF_MIPS_ABI_O32)


EF_MIPS_ABI2, EF_MIPS_ABI, EF_MIPS_ABI_O32 = 0x20, 0xF000, 0x1000
BOTH: Final = {
    0: RelocType("R_MIPS_NONE"),
    2: RelocType("R_MIPS_32", s_a, word(32)),
    JUMP: RelocType("R_MIPS_26", in_region, insn(4, (27, 2, 0)), unsigned(28), 4, misaligned=dangerous("26")),
    HI16: RelocType("R_MIPS_HI16", s_a, insn(4, (31, 16, 0, 0x8000))),
    LO16: RelocType("R_MIPS_LO16", s_a, insn(4, (15, 0, 0))),
    10: RelocType("R_MIPS_PC16", from_word, PC16, signed(18), 4, misaligned=dangerous("PC16")),
    60: RelocType("R_MIPS_PC21_S2", from_word, PC21, signed(23), 4, misaligned=dangerous("PC21")),
    61: RelocType("R_MIPS_PC26_S2", from_word, PC26, signed(28), 4, misaligned=dangerous("PC26")),
}
MIPS32 = Arch(
    name="mips",
    machines=(8,),
    bits=32,
    order="big",
    relocs={
        **BOTH,
        18: RelocType("R_MIPS_64", refused=UNWANTED),
        28: RelocType("R_MIPS_HIGHER", refused=UNWANTED),
        29: RelocType("R_MIPS_HIGHEST", refused=UNWANTED),
    },
    unknown=Diagnostic("{module}: Unknown relocation type {number}", EINVAL),
    overflow=OVERFLOW,
    rela=Diagnostic(REL_UNSUPPORTED, ENOEXEC),
    unames="mips.*",
    syscalls=Numbers(4128, 4348, 4129),  # of o32
    config="MIPS",
    text=0x8010_0000,
    memory=Range(0xC000_0000, 0xFFFC_D000),  # vmalloc's, below the fixed mappings, of 4 kB pages
    extable=WORDS[32],
    pair=pair,
    paired=frozenset({JUMP, HI16, LO16}),
    ident=True,
    accepts=of_o32,
    error_values=ERRORS,
    unknown_symbol=Diagnostic("{module}: Unknown symbol {symbol}", ENOENT),
)
MIPS64 = MIPS32._replace(
    bits=64,
    relocs={
        **BOTH,
        18: RelocType("R_MIPS_64", s_a, word(64)),
        28: RelocType("R_MIPS_HIGHER", s_a, insn(4, (47, 32, 0, 0x8000_8000))),
        29: RelocType("R_MIPS_HIGHEST", s_a, insn(4, (63, 48, 0, 0x8000_8000_8000))),
    },
    rela=None,
    uname="mips64",
    syscalls=Numbers(5168, 5307, 5169),  # of n64
    abis={"n32": Numbers(6168, 6312, 6169)},
    text=0xFFFF_FFFF_8010_0000,
    memory=Range(0xFFFF_FFFF_C000_0000, 0xFFFF_FFFF_FFFC_D000),  # where 32 bits reach
    extable=WORDS[64],
    r_info=info_big,
    paired=MIPS32.paired | WIDE,
    accepts=None,
)

ARCHS = (
    MIPS32,
    MIPS32._replace(order="little"),
    MIPS64,
    MIPS64._replace(order="little", r_info=info_little),
)
