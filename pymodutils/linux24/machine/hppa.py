"""PA-RISC, 32 and 64 bit: obj_hppa.c and obj_hppa64.c of modutils."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.arch import parisc
from pymodutils.arch.calc import goal, s_a
from pymodutils.arch.field import insn, word
from pymodutils.arch.formula import formula
from pymodutils.arch.parisc import L21, R14, W17, left, made_ahead, right
from pymodutils.arch.range import signed
from pymodutils.arch.reloc import RelocType
from pymodutils.errors import BadModule
from pymodutils.linux24.machine.model import CODE, OVERFLOW, WRITABLE, ObjMachine
from pymodutils.linux24.machine.slots import UNWIND, Entries, Slots, UnwindSlots

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pymodutils.linux24.machine.slots import Reloc
    from pymodutils.linux24.obj.file import ObjFile
    from pymodutils.linux24.struct_module import StructModule

PCREL17F, LTOFF21L, LTOFF14R, SEGREL32, FPTR64, PCREL22F = 12, 34, 38, 49, 64, 74
LDIL_R1, LDO_R1, BE_N = 0x2020_0000, 0x3421_0000, 0xE020_2002  # ldil ,1; ldo (1),1; be,n (4,1)
LDD_DP: Final = 0x537B_0000  # ldd (dp),dp
CALL: Final = (0x5361_0020, 0xE820_D000, 0x537B_0030)  # ldd 16(dp),1; bve (1); ldd 24(dp),dp
MILLICODE: Final = (0x5021_0020, 0xE820_D002)  # ldd 16(1),1; bve,n (1)
SHORT: Final = 0x2000_0000  # SHF_PARISC_SHORT
EXT = 0x7000_0000  # a type of sections
DESCRIPTOR: Final = 32  # bytes
D14 = insn(4, (13, 13, 0), (12, 0, 1))
REACH, REACH_DP = signed(24), signed(14)


class HppaSlots(Slots):
    """.stub, with a stub for each symbol called, even if in range; dp is the kernel's."""

    def __init__(self, module: ObjFile, kernel: Mapping[str, int]) -> None:
        super().__init__(module, kernel)
        self.stubs = Entries(module, 8)

    def create(self, relocs: Iterable[Reloc]) -> None:
        """Create .stub."""
        for one in relocs:
            if one.number == PCREL17F:
                self.stubs.want(one.symbol)
        self.stubs.section = self.module.create(".stub", 8, self.stubs.total, WRITABLE)

    def archdata(self) -> bytes:
        """Only determine dp."""
        if "$global$" not in self.kernel:
            raise BadModule(self.module.path, "Cannot initialise dp, '$global$' not found\n")
        self.gp = self.kernel["$global$"]
        return b""

    def goal(self, one: Reloc) -> int:
        """The stub, or the distance from the start of the image."""
        A = int(one.A)
        if one.number == SEGREL32:
            return one.S + A - self.module.base
        code = L21.put(LDIL_R1, left(one.S, A)), W17.put(BE_N, right(one.S, A))
        return self.stubs.address(one.symbol, lambda: self.code(*code))


class WideSlots(UnwindSlots):
    """.got, .opd and .stub; dp is the end of .got."""

    def __init__(self, module: ObjFile, kernel: Mapping[str, int]) -> None:
        super().__init__(module, kernel)
        self.got, self.opd, self.stubs = Entries(module, 8), Entries(module, DESCRIPTOR), Entries(module, 16)
        self.opd.start = 2 * DESCRIPTOR  # those of init and cleanup

    def create(self, relocs: Iterable[Reloc]) -> None:
        """Create the sections."""
        for one in relocs:
            key = (one.symbol, one.A)
            if one.number in (LTOFF14R, LTOFF21L, PCREL22F):
                self.got.want(key)
            if one.number == PCREL22F:
                self.stubs.want(key)
            if one.number == FPTR64 and one.symbol and not one.symbol.is_external:
                self.opd.want(one.symbol)
        data, make = WRITABLE | SHORT, self.module.create
        self.got.section = make(".got", 8, self.got.total, data)
        self.opd.section = make(".opd", 16, self.opd.start + self.opd.total, data)
        if self.stubs.total:
            self.stubs.section = make(".stub", 16, self.stubs.total, CODE | SHORT)

    def settle(self) -> None:
        """Set dp to the end of .got."""
        if self.got.section:
            self.gp = self.got.section.address + self.got.section.size

    def goal(self, one: Reloc) -> int:
        """The slot or descriptor of the symbol, or the target of a call to it."""
        target = one.S + int(one.A)
        if one.number == SEGREL32:
            return target - self.module.base
        if one.number == FPTR64:
            return self._descriptor(one, target)
        key = (one.symbol, one.A)
        slot = self.got.address(key, lambda: self.word(target))
        if one.number != PCREL22F:
            return slot
        far = self.way(one._replace(P=one.P & ~3), target - 8) not in REACH
        if not far and not (one.symbol and one.symbol.is_external):
            return target
        return self.stubs.address(key, lambda: self._stub(one, slot - self.gp))

    def _stub(self, one: Reloc, slot: int) -> bytes:
        if one.symbol and one.symbol.name.startswith("$$"):
            value = one.symbol.value
            low = value | ~0x7FF if value >> 31 & 1 else value & 0x7FF
            return self.code(L21.put(LDIL_R1, rounded(value)), R14.put(LDO_R1, low), *MILLICODE)
        if slot not in REACH_DP:
            self.wrong = OVERFLOW
        return self.code(D14.put(LDD_DP, slot), *CALL)

    def _descriptor(self, one: Reloc, target: int) -> int:
        if one.symbol is None or one.symbol.is_external:
            return target
        made = bytes(16) + self.word(target) + self.word(self.gp)
        return self.opd.address(one.symbol, lambda: made)

    def complete(self, header: StructModule) -> None:
        """Set init and cleanup to descriptors."""
        self.describe(self.opd, header)


def rounded(value: int) -> int:
    """The left half of ``value``: negative numbers are rounded up."""
    return (value & ~0x7FF) + (0x800 if value >> 31 & 1 else 0)


@formula("G", "GP", vectorized=False)
def left_slot(G: int, GP: int) -> int:
    """The distance from dp to the slot."""
    return rounded(G - GP)


@formula("G", "GP", vectorized=False)
def right_slot(G: int, GP: int) -> int:
    """The remainder after the left half."""
    way = G - GP
    return way | ~0x7FF if way >> 31 & 1 else way & 0x7FF


@formula("L")
def segment(L: int) -> int:
    """The value computed by the loader."""
    return L


HPPA = ObjMachine(
    name="hppa",
    arch=parisc.PARISC,
    relocs={number: parisc.PARISC.relocs[number] for number in (1, 2, 6, 18, 22, 65)}
    | {
        PCREL17F: RelocType("R_PARISC_PCREL17F", made_ahead, W17),
        SEGREL32: RelocType("R_PARISC_SEGREL32", segment, word(32)),
    },
    base=0x0C80_0000,  # VMALLOC_START
    slots=HppaSlots,
)
HPPA64 = ObjMachine(
    descriptors=True,
    name="hppa64",
    arch=parisc.PARISC64,
    relocs={
        LTOFF21L: RelocType("R_PARISC_LTOFF21L", left_slot, L21),
        LTOFF14R: RelocType("R_PARISC_LTOFF14R", right_slot, R14),
        SEGREL32: RelocType("R_PARISC_SEGREL32", segment, word(32)),
        FPTR64: RelocType("R_PARISC_FPTR64", goal, word(64)),
        PCREL22F: RelocType("R_PARISC_PCREL22F", made_ahead, parisc.W22, REACH),
        80: RelocType("R_PARISC_DIR64", s_a, word(64)),
    },
    base=0x0C80_0000,
    slots=WideSlots,
    ignored=frozenset({EXT}),
    read=frozenset({UNWIND}),
)

MACHINES = (HPPA, HPPA64)
