"""LoongArch, 64 bit: https://github.com/loongson/la-abi-specs, laelf; arch/loongarch/kernel/module*.c.

Older assemblers describe a value by a row of relocations that work on a stack; the last of them stores it.
"""

from __future__ import annotations

import operator
from errno import EINVAL, ENOENT, ENOEXEC
from functools import partial
from typing import TYPE_CHECKING, Final

from pymodutils import twos_complement
from pymodutils.arch.calc import ERRORS, goal, l_p, s_a, s_a_p, v_less_s_a, v_plus_s_a
from pymodutils.arch.field import insn, word
from pymodutils.arch.formula import formula
from pymodutils.arch.frob import Frobbed, code, data
from pymodutils.arch.image import ImageHeader, Magic
from pymodutils.arch.model import REL_UNSUPPORTED, RELATIVE, WORDS, Arch, SinceRelease
from pymodutils.arch.plt_got import PlacedModule, Refusal, Relocation, RelocGroup, StubBuilder, words
from pymodutils.arch.range import Range, signed, unsigned
from pymodutils.arch.reloc import Diagnostic, RelocType
from pymodutils.arch.stub_table import Got, StubTable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pymodutils.arch.frob import UnplacedModule
    from pymodutils.arch.reloc import Relocations

ENTRY, SLOT, LINE, DEPTH = 16, 8, 64, 16  # bytes of a PLT entry, of a word, L1_CACHE_BYTES; RELA_STACK_DEPTH
PUSH_PCREL, PUSH_ABSOLUTE, PUSH_DUP, PUSH_PLT, IF_ELSE, B26 = 22, 23, 24, 29, 37, 66
GOT_HI20, GOT_LO12 = 75, 76
REACH: Final = signed(28)
BINARY: Final[Mapping[int, Callable[[int, int], int]]] = {
    32: operator.sub,
    33: lambda a, b: a << (b & 63),
    34: lambda a, b: a >> (b & 63),
    35: operator.add,
    36: operator.and_,
}
SILENT = Diagnostic("", ENOEXEC)
UNSUPPORTED = Diagnostic(
    "kmod: {module}: Unsupport relocation type {number}, please add its support.", EINVAL
)
DANGEROUS: Final = "dangerous apply_r_larch_sop_imm_field ({number}) relocation"
OVERFLOW = Diagnostic("kmod: module {module}: opr1 = 0x{value:x} overflow! " + DANGEROUS, ENOEXEC)
UNALIGNED = Diagnostic("kmod: module {module}: opr1 = 0x{value:x} unaligned! " + DANGEROUS, ENOEXEC)
JUMP: Final = "dangerous R_LARCH_B26 ({number}) relocation"
JUMP_FAR = Diagnostic("kmod: module {module}: jump offset = 0x{value:x} overflow! " + JUMP, ENOEXEC)
JUMP_ODD = Diagnostic("kmod: module {module}: jump offset = 0x{value:x} unaligned! " + JUMP, ENOEXEC)
BAD_GOT = Diagnostic("{module}: module contains bad GOT relocation", EINVAL)

NOTHING = insn(1)
U12 = I12 = insn(4, (11, 0, 10))
I16, J16 = insn(4, (15, 0, 10)), insn(4, (17, 2, 10))
I20 = insn(4, (19, 0, 5))
J21, J26 = insn(4, (17, 2, 10), (22, 18, 0)), insn(4, (17, 2, 10), (27, 18, 0))
HI20, LO20, HI12 = insn(4, (31, 12, 5)), insn(4, (51, 32, 5)), insn(4, (63, 52, 10))


@formula("S", "A", "P")
def page(S: int, A: int, P: int) -> int:
    """Page(S + A) - Page(P), rounded for a signed low part."""
    return (S + A + 0x800 & ~0xFFF) - (P & ~0xFFF)


@formula("G", "P")
def slot_page(G: int, P: int) -> int:
    """Page(G) - Page(P), likewise."""
    return page(G, 0, P)


@formula("G")
def slot(G: int) -> int:
    """G."""
    return G


@formula("S", "A", "P")
def rest(S: int, A: int, P: int) -> int:
    """The low part of that distance."""
    way = twos_complement.signed(page(S, A, P), 32)
    return S + A - ((P & ~0xFFF) + way)


def frob(info: UnplacedModule) -> Frobbed:
    """Reserve space in .plt and .plt.idx for each call, in .got for each address, in sections of code."""
    got, plt, idx = (info.find(name) for name in (".got", ".plt", ".plt.idx"))
    for found, name in ((got, "GOT"), (plt, "PLT"), (idx, "PLT.IDX")):
        if not found:
            raise Refusal(Diagnostic(f"{{module}}: module {name} section(s) missing", ENOEXEC))
    entries, slots, orders = 1, 1, {}
    for at, relocs in info.of_code():
        kinds = set(_keys(relocs))
        entries += sum(number in (PUSH_PLT, B26) for _, number, _ in kinds)
        slots += sum(number == GOT_HI20 for _, number, _ in kinds)
        orders[at] = partial(_sorted, relocs)
    changes = {
        got: data(SLOT * slots, LINE),
        plt: code(ENTRY * entries, LINE),
        idx: data(SLOT * entries, LINE),
    }
    return Frobbed(changes, orders)


def _keys(relocs: Relocations) -> list[tuple[int, int, int]]:
    return list(zip(relocs.symbols, relocs.numbers, relocs.A or (), strict=True))


def _sorted(relocs: Relocations) -> list[int]:
    """The loader's order of ``relocs``: by symbol, number and addend."""
    keys = _keys(relocs)
    return sorted(range(len(keys)), key=keys.__getitem__)


class LoongarchTables(StubBuilder):
    """.got, .plt, whose targets .plt.idx repeats, and the stack."""

    reach = {B26: REACH}  # noqa: RUF012 -- of the class, never changed

    def __init__(self, module: PlacedModule) -> None:
        super().__init__(module)
        sections = module.sections
        self.got = Got(module, sections[".got"], spare=1, full=BAD_GOT)
        self.plt = StubTable(module, sections[".plt"], ENTRY, spare=1)
        self.idx = Got(module, sections[".plt.idx"], spare=1)
        self.stack: list[int] = []

    def together(self, many: RelocGroup) -> Sequence[int] | None:
        """The targets of branches that reach, or symbols' slots, if each has a high half in the section."""
        if many.number not in (GOT_HI20, GOT_LO12):
            return super().together(many)
        highs = {(symbol, A): S + A for S, A, _, symbol in many.others(GOT_HI20)}
        keys = list(zip(many.symbols, many.A, strict=True))
        if not many.section.sorts or not highs.keys() >= set(keys):
            return None
        slots = {key: self.got.of(highs[key]) for key in sorted(highs)}
        return list(map(slots.__getitem__, keys))

    def begin(self, _: Relocations) -> None:
        """Each section begins with an empty stack."""
        self.stack = []

    def goal(self, one: Relocation) -> int:
        """The symbol's slot, the target of a call, or a value from the stack."""
        target = one.S + one.A
        if one.number in (GOT_HI20, GOT_LO12):
            return self.got.of(target)
        if one.number in (B26, PUSH_PLT) and target - one.P not in REACH:
            target = self._entry(target)
        if one.number == B26:
            return target
        if one.number in (PUSH_PCREL, PUSH_PLT, PUSH_ABSOLUTE):
            return self._push(target - (0 if one.number == PUSH_ABSOLUTE else one.P))
        return self._operate(one.number)

    def _operate(self, number: int) -> int:
        """Execute ``number``; return the value stored by a POP."""
        if number == PUSH_DUP:
            top = self._pop()
            return self._push(top) or self._push(top)
        if number == IF_ELSE:
            otherwise, then, condition = self._pop(), self._pop(), self._pop()
            return self._push(then if condition else otherwise)
        if number in BINARY:
            second, first = self._pop(), self._pop()
            return self._push(BINARY[number](first, second))
        return self._pop()

    def _push(self, value: int) -> int:
        if len(self.stack) == DEPTH:
            raise Refusal(SILENT)
        self.stack.append(twos_complement.signed(value, 64))
        return 0

    def _pop(self) -> int:
        if not self.stack:
            raise Refusal(SILENT)
        return self.stack.pop()

    def _entry(self, target: int) -> int:
        """The entry that leads to ``target``: lu12i.w t1; lu32i.d t1; lu52i.d t1; jirl t1."""
        if target not in self.plt.known:
            high, higher = HI20.put(0x1400_000D, target), LO20.put(0x1600_000D, target)
            highest, jump = HI12.put(0x0300_01AD, target), J16.put(0x4C00_01A0, target & 0xFFF)
            self.plt.add(target, words("little", high, higher, highest, jump))
            self.idx.of(target)
        return self.plt.known[target]


SINCE_6_5: Final = {
    99: RelocType("R_LARCH_32_PCREL", s_a_p, word(32)),
    109: RelocType("R_LARCH_64_PCREL", s_a_p, word(64)),
}
OLD: Final = Arch(
    name="loongarch",
    machines=(258,),
    bits=64,
    order="little",
    relocs={
        **{number: RelocType(f"R_LARCH {number}", refused=UNSUPPORTED) for number in range(110)},
        0: RelocType("R_LARCH_NONE"),
        1: RelocType("R_LARCH_32", s_a, word(32)),
        2: RelocType("R_LARCH_64", s_a, word(64)),
        20: RelocType("R_LARCH_MARK_LA"),
        21: RelocType("R_LARCH_MARK_PCREL"),
        22: RelocType("R_LARCH_SOP_PUSH_PCREL", goal, NOTHING),
        23: RelocType("R_LARCH_SOP_PUSH_ABSOLUTE", goal, NOTHING),
        24: RelocType("R_LARCH_SOP_PUSH_DUP", goal, NOTHING),
        29: RelocType("R_LARCH_SOP_PUSH_PLT_PCREL", goal, NOTHING),
        32: RelocType("R_LARCH_SOP_SUB", goal, NOTHING),
        33: RelocType("R_LARCH_SOP_SL", goal, NOTHING),
        34: RelocType("R_LARCH_SOP_SR", goal, NOTHING),
        35: RelocType("R_LARCH_SOP_ADD", goal, NOTHING),
        36: RelocType("R_LARCH_SOP_AND", goal, NOTHING),
        37: RelocType("R_LARCH_SOP_IF_ELSE", goal, NOTHING),
        38: RelocType(
            "R_LARCH_SOP_POP_32_S_10_5",
            refused=Diagnostic("kmod: {module}: Unsupport relocation type 38", EINVAL),
        ),
        39: RelocType("R_LARCH_SOP_POP_32_U_10_12", goal, U12, unsigned(12)),
        40: RelocType("R_LARCH_SOP_POP_32_S_10_12", goal, I12, signed(12)),
        41: RelocType("R_LARCH_SOP_POP_32_S_10_16", goal, I16, signed(16)),
        42: RelocType("R_LARCH_SOP_POP_32_S_10_16_S2", goal, J16, signed(18), align=4),
        43: RelocType("R_LARCH_SOP_POP_32_S_5_20", goal, I20, signed(20)),
        44: RelocType("R_LARCH_SOP_POP_32_S_0_5_10_16_S2", goal, J21, signed(23), align=4),
        45: RelocType("R_LARCH_SOP_POP_32_S_0_10_10_16_S2", goal, J26, signed(28), align=4),
        46: RelocType("R_LARCH_SOP_POP_32_U", goal, word(32), unsigned(32)),
        50: RelocType("R_LARCH_ADD32", v_plus_s_a, word(32)),
        51: RelocType("R_LARCH_ADD64", v_plus_s_a, word(64)),
        55: RelocType("R_LARCH_SUB32", v_less_s_a, word(32)),
        56: RelocType("R_LARCH_SUB64", v_less_s_a, word(64)),
        66: RelocType("R_LARCH_B26", l_p, J26, REACH, align=4, overflow=JUMP_FAR, misaligned=JUMP_ODD),
        71: RelocType("R_LARCH_PCALA_HI20", page, HI20),
        72: RelocType("R_LARCH_PCALA_LO12", s_a, I12),
        73: RelocType("R_LARCH_PCALA64_LO20", rest, LO20),
        74: RelocType("R_LARCH_PCALA64_HI12", rest, HI12),
        75: RelocType("R_LARCH_GOT_PC_HI20", slot_page, HI20),
        76: RelocType("R_LARCH_GOT_PC_LO12", slot, I12),
    },
    unknown=Diagnostic("kmod: {module}: Unknown relocation type {number}", EINVAL),
    overflow=OVERFLOW,
    misaligned=UNALIGNED,
    rel=Diagnostic(REL_UNSUPPORTED, ENOEXEC),
    extable=WORDS[64],
    error_values=ERRORS,
    unknown_symbol=Diagnostic("kmod: {module}: Unknown symbol {symbol}", ENOENT),
    uname="loongarch64",
    images=(ImageHeader("loongarch Image", (Magic(56, b"\xcd\x23\x82\x81"),), bare=True),),
    config="LOONGARCH",
    text=0x9000_0000_0020_0000,
    memory=Range(0xFFFF_8000_0200_8000, 0xFFFF_8000_1200_8000),  # with 48 bits of addresses, 16 kB pages
    frob=frob,
    builder=LoongarchTables,
)
LOONGARCH = OLD._replace(
    since_release=(SinceRelease((6, 5), {"relocs": {**OLD.relocs, **SINCE_6_5}, "extable": RELATIVE}),)
)

ARCHS = (LOONGARCH,)
