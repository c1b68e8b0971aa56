"""Alpha: the Tru64 calling standard, and binutils' elf/alpha.h; arch/alpha/kernel/module.c.

Addresses of data are loaded from .got; gp points 0x8000 bytes past its start, so 16-bit offsets reach all of
it.
"""

from __future__ import annotations

from errno import ENOEXEC
from typing import TYPE_CHECKING, Final

from pymodutils.arch.calc import g_gp, goal, in_a_byte, s_a, s_a_gp, s_a_p
from pymodutils.arch.field import insn, word
from pymodutils.arch.formula import formula
from pymodutils.arch.frob import Frobbed, HeaderChange
from pymodutils.arch.model import REL_UNSUPPORTED, Arch, Extable
from pymodutils.arch.plt_got import PlacedModule, Refusal, Relocation, StubBuilder
from pymodutils.arch.range import signed
from pymodutils.arch.reloc import Diagnostic, RelocType
from pymodutils.arch.syscalls import Numbers
from pymodutils.elf.constants import SHN_UNDEF, SHT_NOBITS

if TYPE_CHECKING:
    from pymodutils.arch.frob import UnplacedModule

SMALL: Final = 0x1000_0000  # SHF_ALPHA_GPREL
LITERAL, GPDISP, BRSGP = 4, 6, 28
STD_GPLOAD: Final = 0x88  # of st_other: the function begins with two instructions that load gp
EF_32BIT: Final = 1
OVERFLOW = Diagnostic("module {module}: Relocation (type {number}) overflow vs {against}", ENOEXEC)

HIGH, LOW16 = insn(2, (31, 16, 0, 0x8000)), insn(2, (15, 0, 0))
B21 = insn(4, (22, 2, 0))
NEAR: Final = signed(32, 0x8000)


@formula("S", "A", "P")
def after(S: int, A: int, P: int) -> int:
    """S + A - (P + 4), the distance from the next instruction."""
    return S + A - P - 4


@formula("L", "P")
def made_after(L: int, P: int) -> int:
    """L - (P + 4), the distance from the next instruction."""
    return L - P - 4


class Places:
    """The slot of each literal; offset 0 counts as unassigned, and is assigned again."""

    def __init__(self) -> None:
        self.size = 0
        self.known: dict[tuple[int, int], int] = {}

    def of(self, symbol: int, addend: int) -> int:
        """The offset for the next literal of ``symbol`` and ``addend``."""
        if not self.known.get((symbol, addend)):
            self.known[symbol, addend] = self.size
            self.size += 8
        return self.known[symbol, addend]


def frob(info: UnplacedModule) -> Frobbed:
    """Reserve space in .got for the literals."""
    got, places = info.find(".got"), Places()
    if not got:
        raise Refusal(Diagnostic("module {module}: no got section", ENOEXEC))
    for relocs in info.relocations.values():
        for number, symbol, addend in zip(relocs.numbers, relocs.symbols, relocs.A or (), strict=True):
            if number == LITERAL:
                places.of(symbol, addend)
    return Frobbed({got: HeaderChange(places.size, 8, sh_type=SHT_NOBITS)})


class AlphaGot(StubBuilder):
    """gp, and .got."""

    def __init__(self, module: PlacedModule) -> None:
        super().__init__(module)
        self.got, self.places = module.sections[".got"].low, Places()
        self.gp = self.got + 0x8000

    def goal(self, one: Relocation) -> int:
        """The literal's slot, the distance to gp, or the target of a branch."""
        if one.number == LITERAL:
            slot = self.got + self.places.of(one.symbol, one.A)
            self.module.write(slot, self.module.word(one.S + one.A))
            return slot
        if one.number == GPDISP:
            way = self.gp - one.P
            self.module.write(one.P + one.A, (way & 0xFFFF).to_bytes(2, "little"))
            return way
        symbols = self.module.symbols
        if symbols.sections[one.symbol] == SHN_UNDEF:
            raise Refusal(OVERFLOW)
        loads = symbols.others[one.symbol] & STD_GPLOAD == STD_GPLOAD
        return one.S + one.A + (8 if loads else 0)


ALPHA = Arch(
    name="alpha",
    machines=(0x9026,),
    bits=64,
    order="little",
    relocs={
        0: RelocType("R_ALPHA_NONE"),
        1: RelocType("R_ALPHA_REFLONG", s_a, word(32)),
        2: RelocType("R_ALPHA_REFQUAD", s_a, word(64)),
        3: RelocType("R_ALPHA_GPREL32", s_a_gp, word(32), signed(32)),
        4: RelocType("R_ALPHA_LITERAL", g_gp, word(16), signed(16)),
        5: RelocType("R_ALPHA_LITUSE"),
        6: RelocType("R_ALPHA_GPDISP", goal, HIGH, NEAR),
        7: RelocType("R_ALPHA_BRADDR", after, B21, signed(24), align=4),
        8: RelocType("R_ALPHA_HINT"),
        10: RelocType("R_ALPHA_SREL32", s_a_p, word(32), signed(32)),
        11: RelocType("R_ALPHA_SREL64", s_a_p, word(64)),
        17: RelocType("R_ALPHA_GPRELHIGH", s_a_gp, HIGH, NEAR),
        18: RelocType("R_ALPHA_GPRELLOW", s_a_gp, LOW16),
        19: RelocType("R_ALPHA_GPREL16", s_a_gp, word(16), signed(16)),
        28: RelocType("R_ALPHA_BRSGP", made_after, B21, signed(24), align=4),
    },
    unknown=Diagnostic("module {module}: Unknown relocation: {number}", ENOEXEC),
    overflow=OVERFLOW,
    misaligned=OVERFLOW,
    rel=Diagnostic(REL_UNSUPPORTED, ENOEXEC),
    small=SMALL,
    extable=Extable("iI", relative=1),
    r_info=in_a_byte,
    accepts=lambda e_flags, _e_entry: not e_flags & EF_32BIT,
    syscalls=Numbers(307, 507, 308),
    config="ALPHA",
    page_size=8192,
    text=0xFFFF_FC00_0031_0000,
    frob=frob,
    builder=AlphaGot,
)

ARCHS = (ALPHA,)
