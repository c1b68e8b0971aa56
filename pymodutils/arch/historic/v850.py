"""NEC V850: arch/v850/kernel/module.c of 2.6.9. Calls out of range go through .plt or .init.plt."""

from __future__ import annotations

from errno import ENOEXEC
from typing import TYPE_CHECKING, Final

from pymodutils.arch.calc import l_p, v_plus_s_a
from pymodutils.arch.field import Field, insn, word
from pymodutils.arch.model import WORDS, Arch
from pymodutils.arch.plt_got import words
from pymodutils.arch.range import signed
from pymodutils.arch.reloc import Diagnostic, RelocType
from pymodutils.arch.stub_table import PltPair, frob_pair

if TYPE_CHECKING:
    from pymodutils.arch.frob import Frobbed, UnplacedModule
    from pymodutils.arch.reloc import Relocations

ENTRY, PCREL = 8, 2  # bytes of an entry; the calls
MISSING: Final = Diagnostic("Module doesn't contain .plt or .plt.init sections.", ENOEXEC)
TOO_MANY: Final = 0xC000  # bits of the register field, which the loader's mask lets through


class Disp22(Field):
    """The displacement of jarl and jr; two bits of a negative one spill into the register field, a bug."""

    def put(self, word: int, value: int) -> int:
        """``word`` with the displacement ``value``."""
        odd = (value & 1) << 16
        return super().put(word, value) | odd | (TOO_MANY if value < 0 else 0)


def frob(info: UnplacedModule) -> Frobbed:
    """An entry for each symbol and addend, whatever the type."""
    return frob_pair(info, MISSING, ENTRY, _entries)


def _entries(relocs: Relocations) -> int:
    return len(set(zip(relocs.symbols, relocs.A or (), strict=True)))


class V850Plts(PltPair):
    """The entries: mov target,r1; jmp r1."""

    reach = {PCREL: signed(22)}  # noqa: RUF012 -- of the class, never changed
    size = ENTRY

    def code(self, target: int) -> bytes:
        """The two instructions."""
        return words(self.module.order, 0x0621 | (target & 0xFFFF) << 16, target >> 16 | 0x61_0000)


V850 = Arch(
    name="v850",
    machines=(87, 0x9080),
    bits=32,
    order="little",
    relocs={
        PCREL: RelocType("R_V850_22_PCREL", l_p, insn(4, (21, 16, 0), (15, 1, 17), kind=Disp22)),
        6: RelocType("R_V850_ABS32", v_plus_s_a, word(32)),
    },
    unknown=Diagnostic("module {module}: Unknown reloc: {number}", ENOEXEC),
    rel=Diagnostic("Barf", ENOEXEC),
    extable=WORDS[32],
    config="V850",
    page_size=4096,
    frob=frob,
    builder=V850Plts,
)

ARCHS = (V850,)
