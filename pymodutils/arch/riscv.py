"""RISC-V: https://github.com/riscv-non-isa/riscv-elf-psabi-doc; arch/riscv/kernel/module.c as of 6.1.

The low half of a pc-relative address names not its target but the instruction with the high half, so it
takes its value from there. Calls are two instructions, a field of eight bytes.
"""

from __future__ import annotations

from errno import EINVAL, ENOEXEC
from typing import Final

from pymodutils.arch.calc import s_a, s_a_p, v_less_s_a, v_plus_s_a
from pymodutils.arch.model import (
    REL_UNSUPPORTED,
    Arch,
    Fixups,
    Reloc,
    Says,
    insn,
    signed,
    unsigned,
    word,
)

ROUND: Final = 0x800  # the low twelve bits are signed
HIGH, LOW_I, LOW_S, ALIGN = 23, 24, 25, 43
B = insn(4, (12, 12, 31), (11, 11, 7), (10, 5, 25), (4, 1, 8))
J = insn(4, (20, 20, 31), (19, 12, 12), (11, 11, 20), (10, 1, 21))
U = insn(4, (31, 12, 12, ROUND))
I = insn(4, (11, 0, 20))
S = insn(4, (11, 5, 25), (4, 0, 7))
CB = insn(2, (8, 8, 12), (4, 3, 10), (7, 6, 5), (2, 1, 3), (5, 5, 2))
CJ = insn(2, (11, 11, 12), (4, 4, 11), (9, 8, 9), (10, 10, 8), (6, 6, 7), (7, 7, 6), (3, 1, 3), (5, 5, 2))
U_I = insn(8, (31, 12, 12, ROUND), (11, 0, 52))
FAR = Says(
    "{module}: target {sum:016x} can not be addressed by the 32-bit offset from PC = {place:016x}", EINVAL
)
WIDE = Says("{module}: value {value:016x} out of range for 32-bit field", EINVAL)
ALONE = Says("{module}: Can not find HI20 relocation information", EINVAL)
ALIGNS = Says("{module}: The unexpected relocation type 'R_RISCV_ALIGN' from PC = {place:016x}", EINVAL)


def pair(fixups: Fixups) -> dict[int, Says]:
    """Give each low half the distance of the high half at the place that its symbol is worth."""
    numbers, S, A, P = fixups.numbers, fixups.S or [], fixups.A or (), fixups.P or ()
    refused = {at: ALIGNS for at, number in enumerate(numbers) if number == ALIGN}
    distances = {P[at]: S[at] + A[at] - P[at] for at, number in enumerate(numbers) if number == HIGH}
    for at, number in enumerate(numbers):
        if number in (LOW_I, LOW_S) and S[at] in distances:
            S[at] = distances[S[at]]
        elif number in (LOW_I, LOW_S):
            refused[at] = ALONE
    return refused


RISCV64 = Arch(
    name="riscv",
    machines=(243,),
    bits=64,
    order="little",
    relocs={
        1: Reloc("R_RISCV_32", s_a, word(32), unsigned(32), overflow=WIDE),
        2: Reloc("R_RISCV_64", s_a, word(64)),
        16: Reloc("R_RISCV_BRANCH", s_a_p, B),
        17: Reloc("R_RISCV_JAL", s_a_p, J),
        18: Reloc("R_RISCV_CALL", s_a_p, U_I, signed(32, ROUND)),
        19: Reloc("R_RISCV_CALL_PLT", s_a_p, U_I, signed(32, ROUND)),
        23: Reloc("R_RISCV_PCREL_HI20", s_a_p, U, signed(32, ROUND)),
        24: Reloc("R_RISCV_PCREL_LO12_I", s_a, I),
        25: Reloc("R_RISCV_PCREL_LO12_S", s_a, S),
        26: Reloc("R_RISCV_HI20", s_a, U, signed(32, ROUND)),
        27: Reloc("R_RISCV_LO12_I", s_a, I),
        28: Reloc("R_RISCV_LO12_S", s_a, S),
        35: Reloc("R_RISCV_ADD32", v_plus_s_a, word(32)),
        36: Reloc("R_RISCV_ADD64", v_plus_s_a, word(64)),
        39: Reloc("R_RISCV_SUB32", v_less_s_a, word(32)),
        40: Reloc("R_RISCV_SUB64", v_less_s_a, word(64)),
        43: Reloc("R_RISCV_ALIGN"),
        44: Reloc("R_RISCV_RVC_BRANCH", s_a_p, CB),
        45: Reloc("R_RISCV_RVC_JUMP", s_a_p, CJ),
        51: Reloc("R_RISCV_RELAX"),
    },
    unknown=Says("{module}: Unknown relocation type {number}", EINVAL),
    overflow=FAR,
    rel=Says(REL_UNSUPPORTED, ENOEXEC),
    ident=True,
    pair=pair,
    paired=frozenset({LOW_I, LOW_S, ALIGN}),
)

ARCHS = (RISCV64,)
