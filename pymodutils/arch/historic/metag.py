"""Imagination Meta: arch/metag/kernel/module.c of 3.9 to 4.16. Far branches go through .plt or .init.plt.

Branches that already have an offset are logged and left unchanged.
"""

from __future__ import annotations

from errno import ENOEXEC
from typing import TYPE_CHECKING, Final

from pymodutils.arch.calc import l_p, s_a
from pymodutils.arch.field import insn, word
from pymodutils.arch.historic.added import Added
from pymodutils.arch.model import WORDS, Arch
from pymodutils.arch.plt_got import words
from pymodutils.arch.range import Range
from pymodutils.arch.reloc import Diagnostic, Relocations, RelocType
from pymodutils.arch.stub_table import PltPair, frob_pair

if TYPE_CHECKING:
    from pymodutils.arch.frob import Frobbed, UnplacedModule

ENTRY, RELBRANCH = 8, 4  # bytes of an entry; the branches
FILLED = RELBRANCH | 1 << 8  # beyond the byte: of a branch with a distance
DISTANCE = insn(4, (20, 2, 5))
BAD: Final = Diagnostic("bad relbranch relocation", 0)
MISSING: Final = Diagnostic("Module doesn't contain .plt or .init.plt sections.", ENOEXEC)
MOVT, JUMP = 0x0200_0005, 0xAC00_0001  # movt d0re0,#0; jump d0re0,#0


def frob(info: UnplacedModule) -> Frobbed:
    """An entry for each symbol and addend that a section branches to, except 0 and 0."""
    return frob_pair(info, MISSING, ENTRY, _entries)


def _entries(relocs: Relocations) -> int:
    rows = zip(relocs.numbers, relocs.symbols, relocs.A or (), strict=True)
    return len({(symbol, addend) for number, symbol, addend in rows if number == RELBRANCH} - {(0, 0)})


def by_place(relocs: Relocations, memory: memoryview) -> Relocations:
    """``relocs`` with separate numbers for branches that already have a distance."""
    pairs = zip(relocs.numbers, relocs.offsets, strict=True)
    numbers = [
        FILLED
        if number == RELBRANCH and int.from_bytes(memory[offset : offset + 4], "little") & DISTANCE.mask
        else number
        for number, offset in pairs
    ]
    return relocs._replace(numbers=numbers)


class MetagPlts(PltPair):
    """The entries: movt d0re0,#upper half; jump d0re0,#lower half."""

    reach = {RELBRANCH: Range(-0xF_FFFF, 0x10_0000)}  # noqa: RUF012 -- of the class, never changed
    size = ENTRY

    def code(self, target: int) -> bytes:
        """The two instructions."""
        return words(self.module.order, MOVT | target >> 16 << 3, JUMP | (target & 0xFFFF) << 3)


METAG = Arch(
    name="metag",
    machines=(174,),
    bits=32,
    order="little",
    relocs={
        0: RelocType("R_METAG_HIADDR16", s_a, insn(4, (31, 16, 3))),
        1: RelocType("R_METAG_LOADDR16", s_a, insn(4, (15, 0, 3))),
        2: RelocType("R_METAG_ADDR32", s_a, word(32)),
        3: RelocType("R_METAG_NONE"),
        RELBRANCH: RelocType("R_METAG_RELBRANCH", l_p, DISTANCE),
        FILLED: RelocType("R_METAG_RELBRANCH", refused=BAD),
        5: RelocType("R_METAG_GETSETOFF", s_a, insn(4, (11, 0, 7), kind=Added)),
    },
    unknown=Diagnostic("module {module}: Unknown relocation: {number}", ENOEXEC),
    extable=WORDS[32],
    config="METAG",
    page_size=4096,
    frob=frob,
    by_word=by_place,
    builder=MetagPlts,
)

ARCHS = (METAG,)
