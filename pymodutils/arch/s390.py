"""IBM Z: https://github.com/IBM/s390x-abi; arch/s390/kernel/module.c.

GOT and PLT are not sections: they are placed before the core, with one entry for each symbol that any
relocation needs one for, regardless of the addend.
"""

from __future__ import annotations

from errno import ENOEXEC
from itertools import compress
from struct import Struct
from typing import TYPE_CHECKING, Final

from pymodutils.arch.calc import g_a_p, gp_a_p, l_a_p, s_a, s_a_gp, s_a_p
from pymodutils.arch.field import insn, word
from pymodutils.arch.formula import formula
from pymodutils.arch.frob import Frobbed
from pymodutils.arch.image import ImageHeader, Magic
from pymodutils.arch.model import REL_UNSUPPORTED, Arch
from pymodutils.arch.plt_got import PlacedModule, Relocation, RelocGroup, StubBuilder
from pymodutils.arch.range import Range, signed, unsigned
from pymodutils.arch.reloc import Diagnostic, RelocType
from pymodutils.arch.syscalls import Numbers
from pymodutils.elf.constants import SHN_UNDEF

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.arch.frob import UnplacedModule
    from pymodutils.arch.reloc import Relocations

SLOT, ENTRY = 8, 22  # bytes
SLOTS: Final = frozenset({6, 7, 15, 24, 26, 29, 30, 31, 32, 33, 58, 59})
ENTRIES: Final = frozenset({8, 18, 20, 25, 34, 35, 36})
DIRECT: Final = {
    18: Range(-0xFFFF, 0x1E_FFFF),  # the loader means 0xFFFF, has a digit too many, and refuses the rest
    20: Range(-0xFFFF_FFFF, 0xFFFF_FFFF),
}  # S - P without need for an entry
EXPOLINE: Final = "EXPOLINE"  # if set, and not disabled by the machine or the command line
PLT: Final = Struct(">8sHiQ")
JG, BR_1 = 0xC0F4, 0x07F1
LOAD: Final = bytes.fromhex("0d10 e310 100c 0004")  # basr 1,0; lg 1,12(1)
THUNK: Final = bytes.fromhex("c600 0000 0005 a7f4 0000 07f1")  # exrl 0,.+10; j .; br 1
SILENT: Final = Diagnostic("", ENOEXEC)

B12, B20 = insn(2, (11, 0, 0)), insn(4, (11, 0, 16), (19, 12, 8))
D16, D32 = insn(2, (16, 1, 0)), insn(4, (32, 1, 0))


@formula("G", "A", "GP")
def g_a_gp(G: int, A: int, GP: int) -> int:
    """G + A - GOT."""
    return G + A - GP


@formula("L", "A", "GP")
def l_a_gp(L: int, A: int, GP: int) -> int:
    """L + A - GOT."""
    return L + A - GP


def frob(info: UnplacedModule) -> Frobbed:
    """Reserve space for the GOT, and for the PLT after it."""
    slots: dict[tuple[str, int], int] = {}
    entries: dict[tuple[str, int], int] = {}
    for relocs in info.relocations.values():
        for symbol in _first(relocs, SLOTS):
            slots.setdefault(("got", symbol), SLOT * len(slots))
        for symbol in _first(relocs, ENTRIES):
            entries.setdefault(("plt", symbol), ENTRY * len(entries))
    got, plt = SLOT * len(slots), ENTRY * len(entries)
    thunk = ENTRY if entries and info.on(EXPOLINE) else 0
    places = {**slots, **{key: got + offset for key, offset in entries.items()}}
    table = "_GLOBAL_OFFSET_TABLE_"
    undefined = (at for at, section in enumerate(info.symbols.sections) if section == SHN_UNDEF)
    absolute = frozenset(at for at in undefined if info.symbols.name(at) == table)
    return Frobbed(front=got + plt + thunk, places=places, absolute=absolute)


def _first(relocs: Relocations, numbers: frozenset[int]) -> dict[int, None]:
    """The symbols of relocations with these ``numbers``, in order of first use."""
    return dict.fromkeys(compress(relocs.symbols, map(numbers.__contains__, relocs.numbers)))


class S390Tables(StubBuilder):
    """The GOT and the PLT."""

    def __init__(self, module: PlacedModule) -> None:
        super().__init__(module)
        self.gp = module.core.low
        self.made: set[int] = set()  # entries
        self.thunk = self.gp + module.front - ENTRY if module.options.get(EXPOLINE) == "y" else 0
        if self.thunk and any(kind == "plt" for kind, _ in module.places):
            module.write(self.thunk, THUNK)

    def together(self, many: RelocGroup) -> Sequence[int]:
        """The symbols' slots, or the targets of branches to them."""
        kind = "got" if many.number in SLOTS else "plt"
        of = {symbol: self.gp + self.module.places[kind, symbol] for symbol in many.values}
        for symbol, S in many.values.items():
            if kind == "got":
                self.module.write(of[symbol], self.module.word(S))
            elif of[symbol] not in self.made:
                self._build(of[symbol], S)
        reach = DIRECT.get(many.number)
        if reach and many.near(reach, many.S):
            return many.S
        made = map(of.__getitem__, many.symbols)
        if not reach:
            return list(made)
        rows = zip(many.S, many.P, made, strict=True)
        return [S if S - P in reach else entry for S, P, entry in rows]

    def goal(self, one: Relocation) -> int:
        """The symbol's slot, or the target of a branch to it."""
        if one.number in SLOTS:
            slot = self.gp + self.module.places["got", one.symbol]
            self.module.write(slot, self.module.word(one.S))
            return slot
        entry = self.gp + self.module.places["plt", one.symbol]
        if entry not in self.made:
            self._build(entry, one.S)
        reach = DIRECT.get(one.number)
        return one.S if reach and one.S - one.P in reach else entry

    def _build(self, entry: int, target: int) -> None:
        """Write ``entry`` for ``target``."""
        self.made.add(entry)
        jump, way = (JG, self.thunk - entry - 8 >> 1) if self.thunk else (BR_1, 0)
        self.module.write(entry, PLT.pack(LOAD, jump, way, target & (1 << 64) - 1))


S390 = Arch(
    name="s390",
    machines=(22, 0xA390),
    bits=64,
    order="big",
    relocs={
        0: RelocType("R_390_NONE"),
        1: RelocType("R_390_8", s_a, word(8), unsigned(8)),
        2: RelocType("R_390_12", s_a, B12, unsigned(12)),
        3: RelocType("R_390_16", s_a, word(16), unsigned(16)),
        4: RelocType("R_390_32", s_a, word(32), unsigned(32)),
        5: RelocType("R_390_PC32", s_a_p, word(32), signed(32)),
        6: RelocType("R_390_GOT12", g_a_gp, B12, unsigned(12)),
        7: RelocType("R_390_GOT32", g_a_gp, word(32), unsigned(32)),
        8: RelocType("R_390_PLT32", l_a_p, word(32), unsigned(32)),
        9: RelocType("R_390_COPY", refused=SILENT),
        10: RelocType("R_390_GLOB_DAT", refused=SILENT),
        11: RelocType("R_390_JMP_SLOT", refused=SILENT),
        12: RelocType("R_390_RELATIVE", refused=SILENT),
        13: RelocType("R_390_GOTOFF32", s_a_gp, word(32), unsigned(32)),
        14: RelocType("R_390_GOTPC", gp_a_p, word(32), signed(32)),
        15: RelocType("R_390_GOT16", g_a_gp, word(16), unsigned(16)),
        16: RelocType("R_390_PC16", s_a_p, word(16), signed(16)),
        17: RelocType("R_390_PC16DBL", s_a_p, D16, signed(17), align=2),
        18: RelocType("R_390_PLT16DBL", l_a_p, D16, signed(17), align=2),
        19: RelocType("R_390_PC32DBL", s_a_p, D32, signed(33), align=2),
        20: RelocType("R_390_PLT32DBL", l_a_p, D32, signed(33), align=2),
        21: RelocType("R_390_GOTPCDBL", gp_a_p, D32, signed(33), align=2),
        22: RelocType("R_390_64", s_a, word(64)),
        23: RelocType("R_390_PC64", s_a_p, word(64)),
        24: RelocType("R_390_GOT64", g_a_gp, word(64)),
        25: RelocType("R_390_PLT64", l_a_p, word(64)),
        26: RelocType("R_390_GOTENT", g_a_p, D32, signed(33), align=2),
        27: RelocType("R_390_GOTOFF16", s_a_gp, word(16), unsigned(16)),
        28: RelocType("R_390_GOTOFF64", s_a_gp, word(64)),
        29: RelocType("R_390_GOTPLT12", g_a_gp, B12, unsigned(12)),
        30: RelocType("R_390_GOTPLT16", g_a_gp, word(16), unsigned(16)),
        31: RelocType("R_390_GOTPLT32", g_a_gp, word(32), unsigned(32)),
        32: RelocType("R_390_GOTPLT64", g_a_gp, word(64)),
        33: RelocType("R_390_GOTPLTENT", g_a_p, D32, signed(33), align=2),
        34: RelocType("R_390_PLTOFF16", l_a_gp, word(16), unsigned(16)),
        35: RelocType("R_390_PLTOFF32", l_a_gp, word(32), unsigned(32)),
        36: RelocType("R_390_PLTOFF64", l_a_gp, word(64)),
        57: RelocType("R_390_20", s_a, B20, signed(20)),
        58: RelocType("R_390_GOT20", g_a_gp, B20, signed(20)),
        59: RelocType("R_390_GOTPLT20", g_a_gp, B20, signed(20)),
    },
    unknown=Diagnostic("module {module}: unknown relocation: {number}", ENOEXEC),
    overflow=Diagnostic(
        "module {module}: relocation error for symbol {symbol} (r_type {number}, value 0x{value:x})", ENOEXEC
    ),
    rel=Diagnostic(REL_UNSUPPORTED, ENOEXEC),
    uname="s390x",
    unames="s390x?",
    syscalls=Numbers(128, 344, 129),
    images=(ImageHeader("s390 image", (Magic(0x10008, b"S390EP"),)),),
    config="S390",
    page_size=4096,
    vermagic="",
    switches=(EXPOLINE,),
    text=0x10_0000,
    memory=Range(0x3FF_7FD0_0000, 0x3FF_FFD0_0000),  # 2 GB at the end of three-level tables
    frob=frob,
    builder=S390Tables,
    ident=True,
    options={EXPOLINE: "y"},
)

ARCHS = (S390,)
