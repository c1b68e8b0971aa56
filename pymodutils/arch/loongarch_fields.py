"""Fields of LoongArch instructions."""

from __future__ import annotations

from pymodutils.arch.field import insn

NOTHING = insn(1)
U12 = I12 = insn(4, (11, 0, 10))
I16, J16 = insn(4, (15, 0, 10)), insn(4, (17, 2, 10))
I20 = insn(4, (19, 0, 5))
J21, J26 = insn(4, (17, 2, 10), (22, 18, 0)), insn(4, (17, 2, 10), (27, 18, 0))
HI20, LO20, HI12 = insn(4, (31, 12, 5)), insn(4, (51, 32, 5)), insn(4, (63, 52, 10))
