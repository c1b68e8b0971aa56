"""RISC-V: https://github.com/riscv-non-isa/riscv-elf-psabi-doc; arch/riscv/kernel/module*.c.

The symbol of PCREL_LO12 is not the target but the instruction with PCREL_HI20, which determines the value. A
call is two instructions, a field of 8 bytes. Differences of symbols are in riscv_accumulate.
"""

from __future__ import annotations

from errno import EINVAL, ENOENT, ENOEXEC
from typing import TYPE_CHECKING, Final

from pymodutils.arch.calc import ERRORS, g_p, goal, l_p, s_a, s_a_p, v_less_s_a, v_plus_s_a
from pymodutils.arch.field import insn, word
from pymodutils.arch.formula import accumulated
from pymodutils.arch.frob import Frobbed, code, data
from pymodutils.arch.image import ImageHeader, Magic
from pymodutils.arch.model import REL_UNSUPPORTED, Arch, SinceRelease
from pymodutils.arch.plt_got import PlacedModule, Refusal, Relocation, RelocGroup, StubBuilder, words
from pymodutils.arch.range import Range, signed, unsigned
from pymodutils.arch.reloc import Diagnostic, RelocType
from pymodutils.arch.riscv_accumulate import TERMS, Accumulator
from pymodutils.arch.stub_table import Got, StubTable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymodutils.arch.frob import UnplacedModule
    from pymodutils.arch.reloc import Relocations

ENTRY, SLOT, LINE = 12, 8, 64  # bytes of a PLT entry, of a word, L1_CACHE_BYTES
SECTIONS, MEDLOW = "MODULE_SECTIONS", "CMODEL_MEDLOW"
ROUND: Final = 0x800  # the low twelve bits are signed
CALL_PLT, GOT_HIGH, HIGH, LOW_I, LOW_S, HI20, PLT32 = 19, 20, 23, 24, 25, 26, 59
REACH: Final = signed(32, ROUND)
B = insn(4, (12, 12, 31), (11, 11, 7), (10, 5, 25), (4, 1, 8))
J = insn(4, (20, 20, 31), (19, 12, 12), (11, 11, 20), (10, 1, 21))
U = insn(4, (31, 12, 12, ROUND))
I = insn(4, (11, 0, 20))
S = insn(4, (11, 5, 25), (4, 0, 7))
CB = insn(2, (8, 8, 12), (4, 3, 10), (7, 6, 5), (2, 1, 3), (5, 5, 2))
CJ = insn(2, (11, 11, 12), (4, 4, 11), (9, 8, 9), (10, 10, 8), (6, 6, 7), (7, 7, 6), (3, 1, 3), (5, 5, 2))
U_I = insn(8, (31, 12, 12, ROUND), (11, 0, 52))
FAR = Diagnostic(
    "{module}: target {sum:016x} can not be addressed by the 32-bit offset from PC = {place:016x}", EINVAL
)
WIDE = Diagnostic("{module}: value {value:016x} out of range for 32-bit field", EINVAL)
ALONE = Diagnostic("{module}: Can not find HI20 relocation information", EINVAL)
ALIGNS = Diagnostic("{module}: The unexpected relocation type 'R_RISCV_ALIGN' from PC = {place:016x}", EINVAL)


NO_SLOT = Diagnostic(
    "{module}: can not generate the GOT entry for symbol = {sum:016x} from PC = {place:016x}", EINVAL
)
UNKNOWN = Diagnostic("{module}: Unknown symbol {symbol}", ENOENT)
PLACE: Final = " not supported in kernel modules PC = {place:016x}"
DYNAMIC = Diagnostic("{module}: Dynamic linking" + PLACE, EINVAL)
THREADS = Diagnostic("{module}: Thread local storage" + PLACE, EINVAL)
GATHERS: Final = (6, 7)


def within_2g(kernel: Range) -> tuple[Range, Range]:
    """MODULES_VADDR, a page that is 2 GiB below _end, up to _start."""
    return Range((kernel.high + 4095 & -4096) - (1 << 31), kernel.low), Range(0, 0)


def frob(info: UnplacedModule) -> Frobbed:
    """Reserve space in .plt and .got.plt for each call, and in .got for each address."""
    if not info.on(SECTIONS):
        return Frobbed()
    plt, got, got_plt = (info.find(name) for name in (".plt", ".got", ".got.plt"))
    for found, name in ((plt, "PLT"), (got, "GOT"), (got_plt, "GOT.PLT")):
        if not found:
            raise Refusal(Diagnostic(f"{{module}}: module {name} section(s) missing", ENOEXEC))
    entries = slots = 1
    for _, relocs in info.of_code():
        wanted = set(zip(relocs.numbers, relocs.symbols, relocs.A or (), strict=True))
        entries += sum(number in (CALL_PLT, PLT32) for number, _, _ in wanted)
        slots += sum(number == GOT_HIGH for number, _, _ in wanted)
    changes = {plt: code(ENTRY * entries, LINE), got: data(SLOT * slots, LINE)}
    return Frobbed({**changes, got_plt: data(SLOT * entries, LINE)})


class RiscvTables(StubBuilder):
    """.got, and .plt with .got.plt: auipc t0; ld t1, (t0); jr t1."""

    reach = {CALL_PLT: REACH, PLT32: REACH}  # noqa: RUF012 -- of the class, never changed

    def __init__(self, module: PlacedModule) -> None:
        super().__init__(module)
        self.made = module.options.get(SECTIONS) == "y"
        self.highs: dict[int, tuple[int, int]] = {}
        self.sums = Accumulator(module)
        if self.made:
            self.got, self.got_plt = (
                Got(module, module.sections[name], spare=1) for name in (".got", ".got.plt")
            )
            self.plt = StubTable(module, module.sections[".plt"], ENTRY, spare=1)

    def together(self, many: RelocGroup) -> Sequence[int] | None:
        """The targets of calls in range, or the distances of high halves that do not refer to slots."""
        if many.number not in (LOW_I, LOW_S):
            return super().together(many)
        if GOT_HIGH in many.section.relocs.numbers:
            return None
        highs = {P: S + A for S, A, P, _ in reversed(many.others(HIGH))}  # of equal places, the first
        return [highs[S] - S for S in many.S] if highs.keys() >= set(many.S) else None

    def begin(self, relocs: Relocations) -> None:
        """Record the high halves of a section and their values."""
        self.highs = {}
        columns = zip(relocs.numbers, relocs.S or (), relocs.A or (), relocs.P or (), strict=True)
        for number, S, A, P in columns:
            if number in (HIGH, GOT_HIGH):
                self.highs.setdefault(P, (number, S + A))

    def goal(self, one: Relocation) -> int:
        """The symbol's slot, the target of a call, or the distance of the high half at the symbol."""
        target = one.S + one.A
        if one.number in TERMS:
            self.sums.add(one)
            return 0
        if one.number in (LOW_I, LOW_S):
            if one.S not in self.highs:
                raise Refusal(ALONE)
            number, target = self.highs[one.S]
            return (self._slot(target) if number == GOT_HIGH and self.made else target) - one.S
        if one.number == GOT_HIGH:
            return self._slot(target)
        if one.number == HI20 and self.module.options.get(MEDLOW) == "y":
            raise Refusal(FAR)
        reaches = one.number == HI20 or self.module.bits == 32 or target - one.P in REACH
        return target if reaches or not self.made else self._entry(target)

    def end(self) -> list[Diagnostic]:
        """Store the sums."""
        return self.sums.store()

    def _slot(self, target: int) -> int:
        if not self.made:
            raise Refusal(NO_SLOT)
        return self.got.of(target)

    def _entry(self, target: int) -> int:
        if target not in self.plt.known:
            way = self.got_plt.of(target) - self.plt.next
            self.plt.add(target, words("little", U.put(0x297, way), I.put(0x2_B303, way), 0x3_0067))
        return self.plt.known[target]


BOTH: Final = {  # supported by all loaders
    1: RelocType("R_RISCV_32", s_a, word(32), unsigned(32), overflow=WIDE),
    2: RelocType("R_RISCV_64", s_a, word(64)),
    16: RelocType("R_RISCV_BRANCH", s_a_p, B),
    17: RelocType("R_RISCV_JAL", s_a_p, J),
    18: RelocType("R_RISCV_CALL", s_a_p, U_I, REACH),
    19: RelocType("R_RISCV_CALL_PLT", l_p, U_I, REACH),
    20: RelocType("R_RISCV_GOT_HI20", g_p, U),
    23: RelocType("R_RISCV_PCREL_HI20", s_a_p, U, REACH),
    24: RelocType("R_RISCV_PCREL_LO12_I", goal, I),
    25: RelocType("R_RISCV_PCREL_LO12_S", goal, S),
    26: RelocType("R_RISCV_HI20", goal, U),
    27: RelocType("R_RISCV_LO12_I", s_a, I),
    28: RelocType("R_RISCV_LO12_S", s_a, S),
    35: RelocType("R_RISCV_ADD32", v_plus_s_a, word(32)),
    36: RelocType("R_RISCV_ADD64", v_plus_s_a, word(64)),
    39: RelocType("R_RISCV_SUB32", v_less_s_a, word(32)),
    40: RelocType("R_RISCV_SUB64", v_less_s_a, word(64)),
    43: RelocType("R_RISCV_ALIGN", refused=ALIGNS),
    44: RelocType("R_RISCV_RVC_BRANCH", s_a_p, CB),
    45: RelocType("R_RISCV_RVC_JUMP", s_a_p, CJ),
    51: RelocType("R_RISCV_RELAX"),
}
REFUSED: Final = {
    3: ("RELATIVE", DYNAMIC),
    4: ("COPY", DYNAMIC),
    5: ("JUMP_SLOT", DYNAMIC),
    6: ("TLS_DTPMOD32", DYNAMIC),
    7: ("TLS_DTPMOD64", DYNAMIC),
    8: ("TLS_DTPREL32", DYNAMIC),
    9: ("TLS_DTPREL64", DYNAMIC),
    10: ("TLS_TPREL32", DYNAMIC),
    11: ("TLS_TPREL64", DYNAMIC),
    21: ("TLS_GOT_HI20", THREADS),
    22: ("TLS_GD_HI20", THREADS),
    29: ("TPREL_HI20", THREADS),
    30: ("TPREL_LO12_I", THREADS),
    31: ("TPREL_LO12_S", THREADS),
    32: ("TPREL_ADD", THREADS),
    58: ("IRELATIVE", DYNAMIC),
}
ADDED: Final = {
    **{
        at: RelocType(f"R_RISCV_{name}", refused=diagnostic, since=GATHERS)
        for at, (name, diagnostic) in REFUSED.items()
    },
    **{at: RelocType(term.name, accumulated, since=GATHERS) for at, term in TERMS.items() if at not in BOTH},
    57: RelocType("R_RISCV_32_PCREL", s_a_p, word(32), since=GATHERS),
    PLT32: RelocType("R_RISCV_PLT32", l_p, word(32), since=GATHERS),
}


def gathering(relocs: Mapping[int, RelocType]) -> SinceRelease:
    """``relocs`` for the accumulating loader."""
    sums = {at: row._replace(calc=accumulated) for at, row in relocs.items() if at in TERMS}
    return SinceRelease(GATHERS, {"relocs": {**relocs, **sums}})


RELOCS64: Final = {**BOTH, **ADDED}
RELOCS32: Final = {at: row._replace(range=None) for at, row in RELOCS64.items() if row.field != word(64)}
RISCV64 = Arch(
    name="riscv",
    machines=(243,),
    bits=64,
    order="little",
    relocs=RELOCS64,
    unknown=Diagnostic("{module}: Unknown relocation type {number}", EINVAL),
    overflow=FAR,
    rel=Diagnostic(REL_UNSUPPORTED, ENOEXEC),
    ident=True,
    error_values=ERRORS,
    unknown_symbol=UNKNOWN,
    frob=frob,
    builder=RiscvTables,
    options={SECTIONS: "y"},
    uname="riscv64",
    unames="riscv.*",
    images=(ImageHeader("riscv Image", (Magic(48, b"RISCV\0\0\0"), Magic(56, b"RSC\x05")), bare=True),),
    bcj=("XZ_DEC_RISCV",),
    config="RISCV",
    page_size=4096,
    vermagic="riscv",
    switches=("CMODEL_MEDLOW",),
    text=0xFFFF_FFFF_8000_0000,  # KERNEL_LINK_ADDR
    beside=within_2g,
    image_texts={SECTIONS: b"PLT section(s) missing"},  # in each release
    since_release=(gathering(RELOCS64),),
)

RISCV32 = RISCV64._replace(
    bits=32,
    uname="riscv32",
    relocs=RELOCS32,
    options={MEDLOW: "y"},
    text=0xC000_0000,
    beside=None,
    since_release=(gathering(RELOCS32),),
)

ARCHS = (RISCV64, RISCV32)
