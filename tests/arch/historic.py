"""Historic machines, and the relocations that GNU ld does not judge there."""

from __future__ import annotations

from pymodutils.arch.historic.blackfin import BLACKFIN
from pymodutils.arch.historic.c6x import C6X, C6X_BIG
from pymodutils.arch.historic.cris import CRIS
from pymodutils.arch.historic.h8300 import DIR24A8, H8300
from pymodutils.arch.historic.m32r import M32R
from pymodutils.arch.historic.metag import METAG
from pymodutils.arch.historic.mn10300 import MN10300
from pymodutils.arch.historic.nds32 import NDS32, NDS32_BIG
from pymodutils.arch.historic.score import SCORE
from pymodutils.arch.historic.tile import TILEGX, TILEPRO
from pymodutils.arch.historic.v850 import V850
from pymodutils.arch.range import Range, signed
from tests.arch.linkers import HIGH, LOW, PLT, Judged

WHATEVER = "the loader stores S+A whatever the type"
SDA = "ld counts from _SDA_BASE_, the loader from 0"
SMALL = {2: Range(0, 1 << 15), 3: Range(0, 1 << 7), 5: signed(16), 6: signed(8), 9: Range(0, 1 << 23)}

HISTORIC = (
    Judged(CRIS, "crislinux", release=(2, 6), unasked={n: WHATEVER for n in CRIS.relocs if n != 3}),
    Judged(
        M32R,
        "m32relf_linux",
        release=(2, 6),
        unasked={42: SDA},
        limits={35: Range(0, 1 << 24)},
        words={34: 0, 36: 0x7C00},
    ),
    Judged(V850, "v850", release=(2, 6), words={6: 0}, limits={2: Range(0, (1 << 21) - 3)}, parts=PLT),
    Judged(H8300, "h8300elf_linux", release=(2, 6), words=dict.fromkeys((1, DIR24A8, 63), 0)),
    Judged(MN10300, "mn10300", release=(2, 6), words=dict.fromkeys((1, 2, 3, 9), 0), limits=SMALL),
    Judged(BLACKFIN, "elf32bfin", release=(2, 6), limits=dict.fromkeys((0xA, 0xD), Range(0, 0xFF_FFFE))),
    Judged(
        METAG,
        "elf32metag",
        release=(4, 0),
        words={5: 0xA000_0000},
        limits={4: Range(-0xF_FFFC, 0x10_0000), 5: signed(12)},
        parts=PLT,
    ),
    Judged(
        SCORE,
        "score7_elf",
        (0,),
        release=(2, 6),
        flags=0x4_0000,
        rela=False,
        words={2: 0, 4: 0},
        zero=(2, 4),
        limits={4: Range(0x1000, 1 << 25)},  # ld wants it ahead
        told=("-EL",),
    ),
    Judged(C6X, "elf32_tic6x_le", release=(4, 14)),
    Judged(C6X_BIG, "elf32_tic6x_be", release=(4, 14)),
    Judged(NDS32, "nds32elf", release=(5, 10)),
    Judged(NDS32_BIG, "nds32belf", release=(5, 10)),
    Judged(TILEGX, "elf64tilegx", (LOW, HIGH), release=(4, 0)),
    Judged(TILEPRO, "elf32tilepro", release=(4, 0)),
)
