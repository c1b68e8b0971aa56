"""Itanium: the Itanium Processor-specific ABI, 24537003; arch/ia64/kernel/module.c.

A bundle of 16 bytes holds three instructions of 41 bits; an offset consists of bundle and slot. Data is
addressed relative to gp, which points into the middle of the small sections. A function pointer is the
address of a descriptor (address and gp); calls out of the module go through .core.plt or .init.plt, which
load gp.
"""

from __future__ import annotations

from errno import ENOEXEC
from typing import TYPE_CHECKING, Final

from pymodutils.arch.calc import g_gp, goal, in_a_byte, l_gp, s_a, s_a_gp, s_a_p, s_a_sec
from pymodutils.arch.field import word
from pymodutils.arch.formula import formula
from pymodutils.arch.frob import Frobbed, code, data
from pymodutils.arch.ia64_bundle import (
    BUNDLE,
    IMM60,
    IMM64,
    bundles,
    by_slot,
    imm21,
    imm22,
    imm60,
    imm64,
    mov,
)
from pymodutils.arch.ia64_refused import REFUSED
from pymodutils.arch.model import REL_UNSUPPORTED, Arch, Extable
from pymodutils.arch.plt_got import PlacedModule, Refusal, Relocation, StubBuilder
from pymodutils.arch.reloc import Diagnostic, RelocType
from pymodutils.arch.stub_table import Got, StubTable
from pymodutils.arch.syscalls import Numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.arch.frob import UnplacedModule

SMALL, LTOFF = 0x1000_0000, 1 << 22  # SHF_IA_64_SHORT; how far gp reaches, both ways
LTREL, PLTREL, FPTR, LTREL_FPTR, BDREL = 6, 7, 8, 10, 13  # formulas, bits 3 to 7 of a number
PCREL21B, PCREL21BI, LTOFF22X = 0x49, 0x79, 0x86
IPLT: Final = frozenset({0x80, 0x81})
SLOTS: Final = frozenset({0x32, 0x33, LTOFF22X, *range(0x52, 0x58)})
ENTRIES: Final = frozenset({PCREL21B, 0x3A, 0x3B, 0x3E, 0x3F, *IPLT})
DESCRIPTORS: Final = frozenset({*range(0x43, 0x48), *range(0x52, 0x58), *IPLT, PCREL21B})
MOVL_GP: Final = 0x6000_0000_2000_0000_0000_0001_0000_0004  # nop.m; movl gp=
BRL: Final = 0xC000_0008_0000_0000_0000_0001_0000_0005  # nop.m; brl.many
ITANIUM: Final = "ITANIUM"  # the first model, which has no brl
MOVL_R16: Final = 0x6000_0002_0000_0000_0000_0001_0000_0005  # nop.m; movl r16=
BR_R16: Final = 0x0080_0060_0003_8004_8060_0001_0000_0011  # nop.m; mov b6=r16; br.few b6


@formula("S", "A", "P", vectorized=False)
def branch(S: int, A: int, P: int) -> int:
    """Bundle(S + A) - Bundle(P)."""
    return bundles(S + A - P)


@formula("L", "P", vectorized=False)
def made_branch(L: int, P: int) -> int:
    """The distance between the bundles of the branch and its target."""
    return bundles(L - P)


@formula("S", "A")
def a_s(S: int, A: int) -> int:
    """A - S."""
    return A - S


@formula("S", "A", "GP", vectorized=False)
def addressable(S: int, A: int, GP: int) -> int:
    """Whether S + A - GP fits 22 bits."""
    return -LTOFF // 2 <= S + A - GP < LTOFF // 2


def frob(info: UnplacedModule) -> Frobbed:
    """Reserve space in .core.plt, .init.plt, .got and .opd for all distinct relocations."""
    core, init, got, opd = (info.find(name) for name in (".core.plt", ".init.plt", ".got", ".opd"))
    if not (core and init and got and opd):
        raise Refusal(Diagnostic("{module}: sections missing", ENOEXEC))
    counts = dict.fromkeys((core, init, got, opd), 0)
    for at, relocs in info.relocations.items():
        wanted = set(zip(relocs.numbers, relocs.symbols, relocs.A or (), strict=True))
        plt = init if ".init" in info.sections[at].name else core
        for where, numbers in ((plt, ENTRIES), (got, SLOTS), (opd, DESCRIPTORS)):
            counts[where] += sum(number in numbers for number, _, _ in wanted)
    entry = BUNDLE * (3 if info.on(ITANIUM) else 2)
    plts = {at: code(entry * counts[at], BUNDLE) for at in (core, init)}
    return Frobbed({**plts, got: data(8 * counts[got], 8, SMALL), opd: data(16 * counts[opd], 8)})


class Ia64Tables(StubBuilder):
    """gp, .got, descriptors in .opd, and both .plt."""

    def __init__(self, module: PlacedModule) -> None:
        super().__init__(module)
        size = module.core.high - module.core.low
        self.gp = module.core.low + ((size - LTOFF // 2 if size > LTOFF else size // 2) + 7 & -8)
        self.got, self.opd = (
            Got(module, module.sections[".got"]),
            StubTable(module, module.sections[".opd"], 16),
        )
        self.brl = module.options.get(ITANIUM) != "y"
        names = (".core.plt", ".init.plt")
        self.plts = [StubTable(module, module.sections[name], BUNDLE * (3 - self.brl)) for name in names]

    def goal(self, one: Relocation) -> int:
        """The slot, PLT entry or descriptor of the symbol, or its value."""
        number, slot = one.number & 0xFF, one.number >> 8
        target, formula = one.S + one.A, number >> 3
        if number == PCREL21B:
            return self._branch(target, one.P, slot)
        if number == PCREL21BI and not self._internal(target):
            raise Refusal(Diagnostic("do_reloc: PCREL21BI reloc against non-local symbol ({sum:x})", ENOEXEC))
        if number in IPLT:
            return self._descriptor(self._entry(target, one.P))
        if number == LTOFF22X and not addressable(one.S, one.A, self.gp):
            return self.got.of(target)
        if formula == BDREL:
            return target - (self.module.init if self.module.is_init(target) else self.module.core).low
        builders: dict[int, Callable[[], int]] = {
            LTREL: lambda: self.got.of(target),
            PLTREL: lambda: self._entry(target, one.P),
            FPTR: lambda: self._descriptor(target),
            LTREL_FPTR: lambda: self.got.of(self._descriptor(target)),
        }
        return builders[formula]() if formula in builders else target

    def _internal(self, address: int) -> bool:
        return any(address in area for area in (self.module.core, self.module.init))

    def _branch(self, target: int, place: int, slot: int) -> int:
        """The target of a branch from the bundle at ``place``."""
        if not self._internal(target):
            return self._entry(target, place)
        apart = self.module.is_init(target) != self.module.is_init(place)
        if apart and not -(1 << 20) <= bundles(target - place - slot) < 1 << 20:
            return self._entry(self._descriptor(target), place)
        return target

    def _descriptor(self, target: int) -> int:
        """The descriptor of a function of the module; external symbols are descriptors."""
        if not self._internal(target):
            return target
        if target not in self.opd.known:
            self.opd.add(target, self.module.word(target) + self.module.word(self.gp))
        return self.opd.known[target]

    def _entry(self, descriptor: int, place: int) -> int:
        """The PLT entry that loads address and gp from ``descriptor``."""
        table = self.plts[self.module.is_init(place)]
        try:
            read = self.module.read(descriptor, 16)
            target, gp = (int.from_bytes(read[at : at + 8], "little", signed=True) for at in (0, 8))
        except Refusal:
            target, gp = descriptor, 0
        if target not in table.known:
            table.add(target, self._code(table.next, target, gp))
        return table.known[target]

    def _code(self, here: int, target: int, gp: int) -> bytes:
        load = IMM64[1].put(MOVL_GP, gp)
        if self.brl:
            parts = [load, IMM60[1].put(BRL, bundles(target - here - BUNDLE))]
        else:
            parts = [IMM64[1].put(MOVL_R16, target), load, BR_R16]
        return b"".join(part.to_bytes(BUNDLE, "little") for part in parts)


RELOCS: Final = {
    **imm22(0x22, "IMM22", s_a),
    **imm64(0x23, "IMM64", s_a),
    0x25: RelocType("R_IA64_DIR32LSB", s_a, word(32)),
    0x27: RelocType("R_IA64_DIR64LSB", s_a, word(64)),
    **imm22(0x2A, "GPREL22", s_a_gp),
    **imm64(0x2B, "GPREL64I", s_a_gp),
    0x2D: RelocType("R_IA64_GPREL32LSB", s_a_gp, word(32)),
    0x2F: RelocType("R_IA64_GPREL64LSB", s_a_gp, word(64)),
    **imm22(0x32, "LTOFF22", g_gp),
    **imm64(0x33, "LTOFF64I", g_gp),
    **imm22(0x3A, "PLTOFF22", goal),
    **imm64(0x3B, "PLTOFF64I", goal),
    0x3F: RelocType("R_IA64_PLTOFF64LSB", goal, word(64)),
    **imm64(0x43, "FPTR64I", goal),
    0x45: RelocType("R_IA64_FPTR32LSB", goal, word(32)),
    0x47: RelocType("R_IA64_FPTR64LSB", goal, word(64)),
    **imm60(0x48, "PCREL60B", branch),
    **imm21(0x49, "PCREL21B", made_branch),
    0x4D: RelocType("R_IA64_PCREL32LSB", s_a_p, word(32)),
    0x4F: RelocType("R_IA64_PCREL64LSB", s_a_p, word(64)),
    **imm22(0x52, "LTOFF_FPTR22", g_gp),
    **imm64(0x53, "LTOFF_FPTR64I", g_gp),
    0x55: RelocType("R_IA64_LTOFF_FPTR32LSB", g_gp, word(32)),
    0x57: RelocType("R_IA64_LTOFF_FPTR64LSB", g_gp, word(64)),
    0x5D: RelocType("R_IA64_SEGREL32LSB", s_a, word(32)),
    0x5F: RelocType("R_IA64_SEGREL64LSB", s_a, word(64)),
    0x65: RelocType("R_IA64_SECREL32LSB", s_a_sec, word(32)),
    0x67: RelocType("R_IA64_SECREL64LSB", s_a_sec, word(64)),
    0x6D: RelocType("R_IA64_REL32LSB", goal, word(32)),
    0x6F: RelocType("R_IA64_REL64LSB", goal, word(64)),
    **imm21(0x79, "PCREL21BI", made_branch),
    **imm22(0x7A, "PCREL22", s_a_p),
    **imm64(0x7B, "PCREL64I", s_a_p),
    0x81: RelocType("R_IA64_IPLTLSB", goal, word(64)),
    **imm64(0x85, "SUB", a_s),
    **imm22(0x86, "LTOFF22X", l_gp),
    **mov(0x87, "LDXMOV", addressable),
    **REFUSED,
}
INSTRUCTIONS: Final = frozenset(number & 0xFF for number in RELOCS if number >> 8)

IA64 = Arch(
    name="ia64",
    machines=(50,),
    bits=64,
    order="little",
    relocs=RELOCS,
    unknown=Diagnostic("{module}: unknown reloc {number:x}", ENOEXEC),
    rel=Diagnostic(REL_UNSUPPORTED, ENOEXEC),
    small=SMALL,
    extable=Extable("ii", relative=2),
    r_info=in_a_byte,
    by_word=lambda relocs, _: by_slot(relocs, INSTRUCTIONS),
    syscalls=Numbers(1133, 1335, 1134),
    bcj=("XZ_DEC_IA64",),
    config="IA64",
    switches=(ITANIUM,),
    text=0xA000_0001_0000_0000,
    frob=frob,
    builder=Ia64Tables,
)

ARCHS = (IA64,)
