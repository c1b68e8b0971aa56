"""Itanium: obj_ia64.c of modutils. Slots in .got, descriptors in .opd, and code in .plt for far calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.arch import ia64
from pymodutils.arch.calc import g_gp, goal, s_a, s_a_gp
from pymodutils.arch.field import word
from pymodutils.arch.formula import formula
from pymodutils.arch.ia64 import SMALL
from pymodutils.arch.ia64_bundle import IMM22, IMM64, slotted
from pymodutils.arch.range import signed
from pymodutils.arch.reloc import RelocType
from pymodutils.errors import BadModule
from pymodutils.linux24.machine.model import WRITABLE, ObjMachine
from pymodutils.linux24.machine.slots import UNWIND, Entries, UnwindSlots

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pymodutils.arch.field import Field
    from pymodutils.arch.formula import Formula
    from pymodutils.arch.range import Range
    from pymodutils.linux24.machine.slots import Reloc
    from pymodutils.linux24.obj.file import ObjFile
    from pymodutils.linux24.struct_module import StructModule

EXT = 0x7000_0000  # a type of sections
CONSTANT_GP: Final = 0xC0  # EF_IA_64_CONS_GP, EF_IA_64_NOFUNCDESC_CONS_GP
FPTR: Final = frozenset({0x43, 0x45, 0x47})
LTOFF: Final = frozenset({0x32, 0x33, 0x86})
LTOFF_FPTR: Final = frozenset({0x52, 0x53, 0x55, 0x57})
PLTOFF: Final = frozenset({0x3A, 0x3B, 0x3F})
CALLS: Final = frozenset({0x49, 0x4A, 0x4B})
SEGREL: Final = frozenset({0x5D, 0x5F})
REACH, WINDOW = signed(25), 0x20_0000
LOCAL: Final = bytes.fromhex("0b780002002400413c3028c001080084 1108001e181060800480030060008000")
EXTERN: Final = bytes.fromhex(
    "0b8000020024f00040302000000004000b80201e181410003c3020c00009000711000000010000000002000060008000"
)
IMM14 = [slotted(slot, (13, 13, 36), (12, 7, 27), (6, 0, 13)) for slot in range(3)]
PCREL21B = [slotted(slot, (24, 24, 36), (23, 4, 13)) for slot in range(3)]
PCREL21M = [slotted(slot, (24, 24, 36), (23, 11, 20), (10, 4, 6)) for slot in range(3)]
PCREL21F = [slotted(slot, (24, 24, 36), (23, 4, 6)) for slot in range(3)]


@formula("L", "P")
def made_branch(L: int, P: int) -> int:
    """The distance from the bundle to the target of a branch."""
    return L - (P & ~0xF)


@formula("S", "A", "P")
def from_word(S: int, A: int, P: int) -> int:
    """The distance from the word that contains the place to the symbol."""
    return S + A - (P & ~3)


@formula("S", "A", "SEC")
def back(S: int, A: int, SEC: int) -> int:
    """The distance from the symbol to the start of the patched section."""
    return SEC - S - A


class Ia64Slots(UnwindSlots):
    """.got, .opd, .plt with .IA_64.pltoff, and gp."""

    def __init__(self, module: ObjFile, kernel: Mapping[str, int]) -> None:
        super().__init__(module, kernel)
        self.got, self.opd = Entries(module, 8), Entries(module, 16)
        self.plt, self.pltoff = Entries(module, 0), Entries(module, 0)
        self.opd.start = 32  # descriptors of init and cleanup
        self._sizes = [0, 0]

    def create(self, relocs: Iterable[Reloc]) -> None:
        """Create the sections."""
        if self.module.flags & CONSTANT_GP:
            text = "Modules compiled with -mconstant-gp cannot be loaded"
            raise BadModule(self.module.path, text)
        for one in relocs:
            number, key = one.number & 0xFF, (one.symbol, one.A)
            local = one.symbol is None or not one.symbol.is_external
            if number in LTOFF | LTOFF_FPTR:
                self.got.want(key)
            if number in FPTR | LTOFF_FPTR and local:
                self.opd.want(one.symbol)
            if number in PLTOFF | CALLS and key not in self.plt.offsets:
                self.plt.offsets[key], self.pltoff.offsets[key] = self._sizes
                self._sizes[0] += len(LOCAL if local else EXTERN)
                self._sizes[1] += 16 if local else 8
        data, make = WRITABLE | SMALL, self.module.create
        self.got.section = make(".got", 8, self.got.total, data)
        self.opd.section = make(".opd", 16, self.opd.start + self.opd.total, data)
        if self.plt.offsets:
            self.plt.section = make(".plt", 16, self._sizes[0], data)
            self.pltoff.section = make(".IA_64.pltoff", 16, self._sizes[1], data)

    def settle(self) -> None:
        """Choose gp: within reach of everything if possible, else of the short sections."""
        loaded = [section for section in self.module.sections if section.is_loaded]
        short = [section for section in loaded if section.flags & SMALL]
        low, high = min(each.address for each in loaded), max(each.address + each.size for each in loaded)
        near, far = min(each.address for each in short), max(each.address + each.size for each in short)
        gp = self.got.section.address if self.got.section else 0
        if high - low < 2 * WINDOW and high - gp <= WINDOW and gp - low > WINDOW:
            gp = low + WINDOW
        else:
            if far - gp >= WINDOW and far > gp:
                gp = near + WINDOW
            if gp > high:
                gp = high - WINDOW + 8
        if far - near >= 2 * WINDOW:
            text = f"short data segment overflowed ({far - near:#x} >= 0x400000)"
            raise BadModule(self.module.path, text)
        if gp - near > WINDOW or far - gp >= WINDOW:
            raise BadModule(self.module.path, "GP does not cover short data segment")
        self.gp = gp

    def goal(self, one: Reloc) -> int:
        """The slot, descriptor or code of the symbol, or the target of a branch to it."""
        number, target = one.number & 0xFF, one.S + int(one.A)
        local = one.symbol is None or not one.symbol.is_external
        if number in SEGREL:
            return target - self.module.sections[1].address
        if number in FPTR | LTOFF_FPTR and local:
            made = self.word(target) + self.word(self.gp)
            target = self.opd.address(one.symbol, lambda: made)
        if number in LTOFF | LTOFF_FPTR:
            return self.got.address((one.symbol, one.A), lambda: self.word(target))
        if number in FPTR:
            return target
        if number in CALLS and local and self.way(one._replace(P=one.P & ~0xF), target) in REACH:
            return target
        entry = self._entry(one, target, local=local)
        return entry - self.gp if number in PLTOFF else entry

    def _entry(self, one: Reloc, target: int, *, local: bool) -> int:
        key = (one.symbol, one.A)
        words = self.word(target) + (self.word(self.gp) if local else b"")
        place = self.pltoff.address(key, lambda: words)
        code = bytearray(LOCAL if local else EXTERN)
        first = IMM22[0].put(int.from_bytes(code[:16], "little"), place - self.gp)
        code[:16] = first.to_bytes(16, "little")
        return self.plt.address(key, lambda: bytes(code))

    def complete(self, header: StructModule) -> None:
        """Set init and cleanup to descriptors."""
        self.describe(self.opd, header)


def each(
    number: int, name: str, calc: Formula, fields: Sequence[Field], fits: Range | None = None
) -> dict[int, RelocType]:
    """The rows of a relocation of instructions, one for each slot."""
    return {
        number | slot << 8: RelocType(f"R_IA64_{name}", calc, field, fits)
        for slot, field in enumerate(fields)
    }


SAME: Final = (
    0x25,
    0x27,
    0x2D,
    0x2F,
    0x3F,
    0x45,
    0x47,
    0x55,
    0x57,
)  # whole words, as later kernels have them
RELOCS: Final = {
    0: RelocType("R_IA64_NONE"),
    **{number: ia64.RELOCS[number] for number in SAME},
    **each(0x21, "IMM14", s_a, IMM14, signed(14)),
    **each(0x22, "IMM22", s_a, IMM22, signed(22)),
    **each(0x23, "IMM64", s_a, IMM64),
    **each(0x2A, "GPREL22", s_a_gp, IMM22, signed(22)),
    **each(0x2B, "GPREL64I", s_a_gp, IMM64),
    **each(0x32, "LTOFF22", g_gp, IMM22, signed(22)),
    **each(0x33, "LTOFF64I", g_gp, IMM64),
    **each(0x3A, "PLTOFF22", goal, IMM22, signed(22)),
    **each(0x3B, "PLTOFF64I", goal, IMM64),
    **each(0x43, "FPTR64I", goal, IMM64),
    **each(0x49, "PCREL21B", made_branch, PCREL21B),
    **each(0x4A, "PCREL21M", made_branch, PCREL21M),
    **each(0x4B, "PCREL21F", made_branch, PCREL21F),
    0x4D: RelocType("R_IA64_PCREL32LSB", from_word, word(32)),
    0x4F: RelocType("R_IA64_PCREL64LSB", from_word, word(64)),
    **each(0x52, "LTOFF_FPTR22", g_gp, IMM22, signed(22)),
    **each(0x53, "LTOFF_FPTR64I", g_gp, IMM64),
    0x5D: RelocType("R_IA64_SEGREL32LSB", goal, word(32)),
    0x5F: RelocType("R_IA64_SEGREL64LSB", goal, word(64)),
    0x65: RelocType("R_IA64_SECREL32LSB", back, word(32)),
    0x67: RelocType("R_IA64_SECREL64LSB", back, word(64)),
    **each(0x86, "LTOFF22X", g_gp, IMM22, signed(22)),
    **{0x87 | slot << 8: RelocType("R_IA64_LDXMOV") for slot in range(3)},
}
INSTRUCTIONS: Final = frozenset(number & 0xFF for number in RELOCS if number >> 8)
IA64 = ObjMachine(
    descriptors=True,
    name="ia64",
    arch=ia64.IA64,
    relocs=RELOCS,
    base=0xA000_0000_0000_0000,  # VMALLOC_START
    slots=Ia64Slots,
    short=SMALL,
    ignored=frozenset({EXT}),
    read=frozenset({UNWIND}),
    page=16384,
    extable=8,
    slotted=INSTRUCTIONS,
)

MACHINES = (IA64,)
