"""C-SKY: the psABI at https://github.com/c-sky/csky-doc; arch/csky/kernel/module.c.

Of an instruction of 32 bits the half with the opcode comes first, in the order of the data. Calls are
absolute, through literals, and their relocations only offer a shorter form, which the loader leaves be.
"""

from __future__ import annotations

from errno import ENOEXEC

from pymodutils.arch.calc import s_a, s_a_p
from pymodutils.arch.model import REL_UNSUPPORTED, WORDS, Arch, Reloc, Says, insn, word

CSKY = Arch(
    name="csky",
    machines=(252, 39),
    bits=32,
    order="little",
    relocs={
        1: Reloc("R_CKCORE_ADDR32", s_a, word(32)),
        5: Reloc("R_CKCORE_PCREL32", s_a_p, word(32)),
        6: Reloc("R_CKCORE_PCREL_JSR_IMM11BY2"),
        24: Reloc("R_CKCORE_ADDR_HI16", s_a, insn(4, (31, 16, 16))),
        25: Reloc("R_CKCORE_ADDR_LO16", s_a, insn(4, (15, 0, 16))),
        40: Reloc("R_CKCORE_PCREL_JSR_IMM26BY2"),
    },
    unknown=Says("module {module}: Unknown relocation: {number}", ENOEXEC),
    rel=Says(REL_UNSUPPORTED, ENOEXEC),
    extable=WORDS[32],
)

ARCHS = (CSKY,)
