"""PA-RISC, 32 and 64 bit: the Processor-specific ELF supplement for PA-RISC; arch/parisc/kernel/module.c.

Bits of immediates are scattered over the instruction. Left and right halves round the addend in the same way,
so one left half serves a whole structure. Stubs precede each section, within reach of its calls; in 64-bit
modules, the GOT, to which dp points, and the function descriptors come first in memory.
"""

from __future__ import annotations

from errno import EINVAL, ENOENT, ENOEXEC
from typing import TYPE_CHECKING, Final

from pymodutils.arch.calc import goal, s_a
from pymodutils.arch.field import insn, word
from pymodutils.arch.formula import formula
from pymodutils.arch.frob import Frobbed
from pymodutils.arch.model import REL_UNSUPPORTED, Arch
from pymodutils.arch.plt_got import NO_ROOM, PlacedModule, Refusal, Relocation, StubBuilder, words
from pymodutils.arch.range import Range, signed
from pymodutils.arch.reloc import Diagnostic, RelocType
from pymodutils.arch.stub_table import Got, StubTable
from pymodutils.arch.syscalls import Numbers

if TYPE_CHECKING:
    from pymodutils.arch.frob import UnplacedModule

PCREL17F, PCREL22F, LTOFF21L, LTOFF14R, FPTR64 = 12, 74, 34, 38, 64
CALLS: Final = {PCREL17F: signed(19), PCREL22F: signed(24)}  # and how far they reach
DESCRIPTOR, MOST = 32, 4095  # bytes; slots
CALL: Final = (0x5361_0020, 0xE820_D000, 0x537B_0030)  # ldd 16(dp),1; bve (1); ldd 24(dp),dp
STUB: Final = {32: 8, 64: 16}  # bytes, by width
FAR = "module {{module}} relocation of symbol {{symbol}} is out of range (0x{{words:x}} in {bits} bits)"
FAR17, FAR22 = (Diagnostic(FAR.format(bits=bits), ENOEXEC) for bits in (17, 22))

L21 = insn(4, (31, 31, 0), (30, 20, 1), (19, 18, 14), (17, 13, 16), (12, 11, 12))
R14 = insn(4, (13, 13, 0), (12, 0, 1))
W17 = insn(4, (18, 18, 0), (17, 13, 16), (12, 12, 2), (11, 2, 3))
W22 = insn(4, (23, 23, 0), (22, 18, 21), (17, 13, 16), (12, 12, 2), (11, 2, 3))
D5, D16 = insn(4, (4, 4, 16), (3, 0, 17)), insn(4, (14, 0, 1))


def rounded(A: int) -> int:
    """The addend, rounded as for both halves."""
    return A + 0x1000 & ~0x1FFF


@formula("S", "A")
def left(S: int, A: int) -> int:
    """LR(S, A): upper bits with the addend rounded."""
    return S + rounded(A)


@formula("S", "A")
def right(S: int, A: int) -> int:
    """RR(S, A), the rest of LR."""
    return (left(S, A) & 0x7FF) + A - rounded(A)


@formula("S", "A", "GP")
def left_gp(S: int, A: int, GP: int) -> int:
    """LR(S - GP, A)."""
    return left(S - GP, A)


@formula("S", "A", "GP")
def right_gp(S: int, A: int, GP: int) -> int:
    """RR(S - GP, A)."""
    return right(S - GP, A)


@formula("G", "GP")
def left_slot(G: int, GP: int) -> int:
    """L(G - GP)."""
    return G - GP


@formula("G", "GP")
def right_slot(G: int, GP: int) -> int:
    """R(G - GP)."""
    return G - GP & 0x7FF


@formula("S", "A", "P")
def ahead(S: int, A: int, P: int) -> int:
    """S + A - (P + 8), the distance from the second instruction after it."""
    return S + A - (P & ~3) - 8


@formula("L", "P")
def made_ahead(L: int, P: int) -> int:
    """L - (P + 8), the distance from the second instruction after it."""
    return L - (P & ~3) - 8


def frob(info: UnplacedModule) -> Frobbed:
    """Reserve space before each section for its stubs, and before all for slots and descriptors."""
    wide, size = info.bits == 64, STUB[info.bits]
    before = dict.fromkeys(range(len(info.sections)), size)
    slots = descriptors = 0
    for at, relocs in info.relocations.items():
        calls = sum(number == PCREL22F or (number == PCREL17F and not wide) for number in relocs.numbers)
        before[info.sections[at].sh_info] += size * calls
        slots += calls + sum(number in (LTOFF21L, LTOFF14R) for number in relocs.numbers)
        descriptors += relocs.numbers.count(FPTR64)
    front = (8 * slots + 15 & ~15) + DESCRIPTOR * descriptors
    return Frobbed(front=front if wide else 0, before=before, places={("got", 0): slots})


class PariscStubs(StubBuilder):
    """dp, and the stubs before the sections."""

    def __init__(self, module: PlacedModule) -> None:
        super().__init__(module)
        self.size = STUB[module.bits]
        self.next: dict[int, int] = {}
        self.gp = module.kernel.get("$global$", 0)

    def goal(self, one: Relocation) -> int:
        """The target of a call, or a stub created for it only."""
        target, reach = one.S + one.A, CALLS[one.number]
        if reach.low <= ahead(one.S, one.A, one.P) < reach.high:
            return target
        ldil = L21.put(0x2020_0000, left(one.S, one.A))
        return self.stub(one, ldil, W17.put(0xE020_2002, right(one.S, one.A)))  # be,n

    def stub(self, one: Relocation, *code: int) -> int:
        """The next stub before the section of ``one``, with ``code``."""
        if one.section not in self.next:
            room = self.module.before[one.section]
            self.next[one.section] = -(-(one.base - room) // self.size) * self.size
        stub = self.next[one.section]
        if stub + self.size > one.base:
            raise Refusal(NO_ROOM)
        self.module.write(stub, words("big", *code))
        self.next[one.section] = stub + self.size
        return stub


class WideStubs(PariscStubs):
    """The same with 64 bit, and GOT and descriptors."""

    def __init__(self, module: PlacedModule) -> None:
        super().__init__(module)
        self.gp = module.core.low
        slots = self.gp + 8 * module.places["got", 0]
        self.got = Got(module, Range(self.gp, slots))
        self.opd = StubTable(module, Range(slots + 15 & ~15, self.gp + module.front), DESCRIPTOR)

    def goal(self, one: Relocation) -> int:
        """The slot or descriptor of the symbol, or the target of a call to it."""
        target = one.S + one.A
        if one.number in (LTOFF21L, LTOFF14R):
            return self.got.of(target)
        if one.number == FPTR64:
            return self._descriptor(target) if self._local(target) else target
        ldil, ldo = L21.put(0x2020_0000, left(one.S, one.A)), R14.put(0x3421_0000, right(one.S, one.A))
        if self._local(target):
            reach = CALLS[PCREL22F]
            near = reach.low <= ahead(one.S, one.A, one.P) < reach.high
            return target if near else self.stub(one, ldil, ldo, 0xE820_D002)  # bve,n (1)
        if self.module.symbols.name(one.symbol).startswith("$$"):  # millicode
            return self.stub(one, ldil, ldo, 0x5021_0020, 0xE820_D002)  # ldd 16(1),1; bve,n (1)
        slot = self.got.of(target) - self.gp
        load = D5.put(0x0F60_10DB, slot) if slot < 16 else D16.put(0x537B_0000, slot)  # ldd slot(dp),dp
        return self.stub(one, load, *CALL)

    def finish(self) -> None:
        """Check the number of slots, as the loader does at the end."""
        if self.got.count > MOST:
            text = f"{{module}}: Global Offset Table overflow (used {self.got.count}, allowed {MOST})"
            raise Refusal(Diagnostic(text, EINVAL))

    def _local(self, address: int) -> bool:
        return any(area.low <= address <= area.high for area in (self.module.core, self.module.init))

    def _descriptor(self, target: int) -> int:
        if target not in self.opd.known:
            self.opd.add(target, bytes(16) + self.module.word(target) + self.module.word(self.gp))
        return self.opd.known[target]


PARISC = Arch(
    name="parisc",
    machines=(15,),
    bits=32,
    order="big",
    relocs={
        1: RelocType("R_PARISC_DIR32", s_a, word(32)),
        2: RelocType("R_PARISC_DIR21L", left, L21),
        6: RelocType("R_PARISC_DIR14R", right, R14),
        9: RelocType("R_PARISC_PCREL32", ahead, word(32)),
        12: RelocType("R_PARISC_PCREL17F", made_ahead, W17, CALLS[PCREL17F], overflow=FAR17),
        18: RelocType("R_PARISC_DPREL21L", left_gp, L21),
        22: RelocType("R_PARISC_DPREL14R", right_gp, R14),
        41: RelocType("R_PARISC_SECREL32", s_a, word(32)),
        49: RelocType("R_PARISC_SEGREL32", s_a, word(32)),
        65: RelocType("R_PARISC_PLABEL32", s_a, word(32)),
        74: RelocType("R_PARISC_PCREL22F", made_ahead, W22, CALLS[PCREL22F], overflow=FAR22),
    },
    unknown=Diagnostic("module {module}: Unknown relocation: {number}", ENOEXEC),
    rel=Diagnostic(REL_UNSUPPORTED, ENOEXEC),
    ident=True,
    unames="parisc.*|hppa.*",
    syscalls=Numbers(128, 333, 129),
    config="PARISC",
    text=0x1010_0000,
    error_values=Range(0, 1),
    unknown_symbol=Diagnostic("{module}: Unknown symbol {symbol}", ENOENT),
    weak=False,
    frob=frob,
    builder=PariscStubs,
    calls=("$global$",),
)

PARISC64 = PARISC._replace(
    name="parisc64",
    text=0x4010_0000,
    bits=64,
    relocs={
        9: RelocType("R_PARISC_PCREL32", ahead, word(32)),
        34: RelocType("R_PARISC_LTOFF21L", left_slot, L21),
        38: RelocType("R_PARISC_LTOFF14R", right_slot, R14),
        41: RelocType("R_PARISC_SECREL32", s_a, word(32)),
        49: RelocType("R_PARISC_SEGREL32", s_a, word(32)),
        64: RelocType("R_PARISC_FPTR64", goal, word(64)),
        72: RelocType("R_PARISC_PCREL64", ahead, word(64)),
        74: RelocType("R_PARISC_PCREL22F", made_ahead, W22, CALLS[PCREL22F], overflow=FAR22),
        80: RelocType("R_PARISC_DIR64", s_a, word(64)),
    },
    builder=WideStubs,
    calls=(),
)

ARCHS = (PARISC, PARISC64)
