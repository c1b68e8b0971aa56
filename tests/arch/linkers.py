"""The linker that judges each architecture, and what it does not judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pymodutils.arch.alpha import ALPHA
from pymodutils.arch.arc import ARCHS as ARC
from pymodutils.arch.arm import ARM
from pymodutils.arch.arm64 import ARM64, ARM64_BIG
from pymodutils.arch.csky import CSKY, JSRI
from pymodutils.arch.hexagon import HEXAGON
from pymodutils.arch.ia64 import IA64, branch, made_branch
from pymodutils.arch.loongarch import LOONGARCH
from pymodutils.arch.m68k import M68K
from pymodutils.arch.microblaze import MICROBLAZE, MICROBLAZE_LITTLE
from pymodutils.arch.mips import ARCHS as MIPS
from pymodutils.arch.model import Arch
from pymodutils.arch.nios2 import NIOS2
from pymodutils.arch.openrisc import OPENRISC
from pymodutils.arch.parisc import PARISC, PARISC64, ahead
from pymodutils.arch.powerpc import PPC
from pymodutils.arch.powerpc64 import PPC64, PPC64_BIG
from pymodutils.arch.range import Range, signed
from pymodutils.arch.riscv import RISCV32, RISCV64
from pymodutils.arch.riscv_accumulate import TERMS
from pymodutils.arch.s390 import S390
from pymodutils.arch.sh import SH, SH_BIG
from pymodutils.arch.sparc import SPARC32, SPARC64
from pymodutils.arch.x86 import I386, UM, UM32, X86_64
from pymodutils.arch.xtensa import CALL, L32R, XTENSA, XTENSA_BIG
from tests.link.objects import Part
from tests.oracles import ld

LOW, HIGH, HIGH32 = 0x4000_0000, 0xFFFF_FFFF_A000_0000, 0xC000_0000


class Judged(NamedTuple):
    """An architecture and the parameters of its linker."""

    arch: Arch
    emulation: str
    bases: tuple[int, ...] = (LOW, HIGH32)  # of the text
    release: tuple[int, int] = (6, 1)  # of the kernel
    flags: int = 0  # e_flags
    rela: bool = True
    asked: bool = True  # with files that are like ours; else with RELA ones
    words: Mapping[int, int] = {}  # what stands at the places of a number
    limits: Mapping[int, Range] = {}  # of values, where the linker takes less than the kernel
    relaxed: Mapping[int, Range] = {}  # values for which the linker takes a shorter instruction
    zero: tuple[int, ...] = ()  # numbers whose addend the linker does not see, or not as the kernel
    unpaired: frozenset[int] = frozenset()  # numbers of Arch.paired that are complete in themselves here
    unasked: Mapping[int, str] = {}  # numbers it does not know, or sees otherwise, and why
    parts: tuple[Part, ...] = ()  # sections without which the loader or the linker refuses the file
    options: Mapping[str, str] = {}  # what the kernel is configured with
    functions: frozenset[int] = frozenset()  # numbers whose symbols are functions at odd addresses
    absolute: bool = False  # symbols are SHN_ABS in the file, not undefined
    osabi: int = 0  # EI_OSABI
    entry: tuple[str, ...] = ()  # functions without which it fails
    kept: str = ""  # a section without which it fails
    told: tuple[str, ...] = ()  # to the linker
    got: int | None = None  # where it is to put .got, seen from what our gp holds
    gp: str = ""  # the symbol that tells it what gp holds
    slots: bool = False  # numbers carry the slot of an instruction beyond their byte

    @property
    def name(self) -> str:
        """The architecture with its width and byte order."""
        kind = "" if self.arch.rela is None and self.rela else " REL"
        return f"{self.arch.name} {self.arch.bits} {self.arch.order}{kind}"


BIG = "QEMU's disassembler, tests/arch/test_xtensa_big.py"
NO_SH64 = "GNU ld no longer supports the 64-bit instruction set"
MIPS32, MIPS32_LITTLE, MIPS64, MIPS64_LITTLE = MIPS
JUMP = {4: Range(0, (1 << 28) - 4)}  # the kernel wants the symbol without its addend in reach
CKSEG = (0xFFFF_FFFF_8000_0000, 0xFFFF_FFFF_C000_0000)
REL32 = {2: Range(-1 << 30, 1 << 31)}  # what it adds to is taken for a part of a signed sum
BIG_WORDS = {CALL: 0x50_0000, L32R: 0x10_0000, 6: 0}
OLO10 = {33: Range(0, 1 << 10)}

HA = dict.fromkeys((50, 252), Range(-0x8000_8000, 0x7FFF_8000))
ELSEWHERE = "ld places GOT entries and stubs elsewhere"


def made(arch: Arch, *but: int) -> dict[int, str]:
    """The relocations that need entries created by the loader, except ``but``."""
    letters = {"G", "L"}
    made = (at for at, row in arch.relocs.items() if letters & {*row.calc.letters})
    return {at: ELSEWHERE for at in made if at not in but}


PLT = (Part(".plt", bytes(1)), Part(".init.plt", bytes(1)))
GOT = (Part(".plt", bytes(1)), Part(".got", bytes(1)), Part(".got.plt", bytes(1)))
LARCH = (Part(".got", bytes(1)), Part(".plt", bytes(1)), Part(".plt.idx", bytes(1)))
HALVES = {20: ELSEWHERE, **dict.fromkeys((24, 25), "low halves: tests/arch/test_pairs.py")}
SUMS = dict.fromkeys(TERMS, "accumulated, tests/arch/test_pairs.py")
HI20 = {26: Range(-0x8000_0800, 0x7FFF_F800)}
STUBS = (Part(".stubs"), Part(".toc", bytes(8), 3, align=256))
SMALL = (Part(".got", b"", 0x1000_0003, align=8),)
OPD = tuple(Part(name, bytes(1)) for name in (".core.plt", ".init.plt", ".got", ".opd"))
BIAS = 0x8000  # from the beginning of .got to where gp points
B21 = {7: signed(23)}  # the kernel looks at one bit too few
BRSGP = {**made(ALPHA), 28: "as BRADDR; ld requires the symbol in the module"}
SEGMENTS = dict.fromkeys((41, 49), "segments and sections begin at 0 in the kernel")
KERNELS = {
    **dict.fromkeys((0x85 | 1 << 8, 0x85 | 2 << 8), "GNU ld does not support it"),
    **dict.fromkeys((0x87 | slot << 8 for slot in range(3)), "GNU ld supports it only with LTOFF22X"),
    **dict.fromkeys((0x5D, 0x5F), "segments begin at 0 in the kernel"),
    **dict.fromkeys((0x65, 0x67), "the kernel uses the section of the place, not of the symbol"),
}
BRANCHING = IA64._replace(  # wherever the branches go
    relocs={
        number: row._replace(calc=branch) if row.calc is made_branch else row
        for number, row in IA64.relocs.items()
    }
)
CALLING = PARISC64._replace(  # wherever the calls go
    relocs={**PARISC64.relocs, 74: PARISC64.relocs[74]._replace(calc=ahead)}
)
V7 = b"aeabi\0\1\x09\0\0\0\6\x0a\x09\2"  # Tag_CPU_arch v7, Tag_THUMB_ISA_use Thumb-2: branches are wide
ATTRIBUTES = Part(".ARM.attributes", b"A" + (len(V7) + 4).to_bytes(4, "little") + V7, 0, 0x7000_0003)


def ppc64(arch: Arch, emulation: str, flags: int) -> Judged:
    """PowerPC64 in one byte order; ``flags`` is the version of its ABI."""
    told = ("--no-toc-optimize", "--no-multi-toc")
    plain = Judged(arch, emulation, (LOW, HIGH), flags=flags, limits=HA, zero=(10,), unasked=made(arch, 10))
    return plain._replace(absolute=True, parts=STUBS, told=told, got=-BIAS)


JUDGED = (
    Judged(X86_64, "elf_x86_64", (LOW, HIGH)),
    Judged(UM, "elf_x86_64", (LOW, 0x7000_0000)),
    Judged(I386, "elf_i386", rela=False),
    Judged(UM32, "elf_i386", rela=False),
    Judged(M68K, "m68kelf"),
    Judged(M68K, "m68kelf", rela=False, asked=False),
    Judged(
        RISCV64.fitting({}, (6, 12))._replace(since_release=()),
        "elf64lriscv",
        (LOW, HIGH),
        release=(6, 12),
        limits=HI20,
        zero=(23, 57),
        unasked={**HALVES, **SUMS, 59: "GNU ld 2.40 does not support it"},
        parts=GOT,
    ),
    Judged(
        RISCV64.fitting({}, (6, 1)),
        "elf64lriscv",
        (LOW, HIGH),
        limits=HI20,
        zero=(23, 35, 36, 39, 40),
        unasked=HALVES,
        parts=GOT,
    ),
    Judged(
        RISCV32.fitting({}, (6, 1)),
        "elf32lriscv",
        limits=HI20,
        zero=(23, 35, 39),
        unasked=HALVES,
        options={"CMODEL_MEDLOW": "n"},
    ),
    Judged(ARM64, "aarch64linux", (LOW, HIGH), parts=PLT),
    Judged(ARM64_BIG, "aarch64linuxb", (LOW, HIGH), parts=PLT),
    Judged(
        ARM,
        "armelf_linux_eabi",
        rela=False,
        words={10: 0xFFFE_F7FF, 28: 0xEBFF_FFFF, 30: 0xBFFE_F7FF},
        limits={10: Range(-1 << 24, 0xFF_FFFE), 30: Range(-1 << 24, 0xFF_FFFE)},
        zero=(59,),
        unasked={40: "it has no symbol"},
        parts=(*PLT, ATTRIBUTES),
        options={"THUMB2_KERNEL": "y"},
        functions=frozenset({10, 30}),
    ),
    Judged(
        S390,
        "elf64_s390",
        (LOW, HIGH),
        limits={18: Range(-0xFFFE, 1 << 16), 20: Range(-0xFFFF_FFFE, 1 << 32)},
        zero=(18, 20),
        unasked=made(S390, 18, 20),
        got=0,
    ),
    Judged(
        ALPHA, "elf64alpha", (LOW, HIGH), limits=B21, unasked=BRSGP, absolute=True, parts=SMALL, got=-BIAS
    ),
    Judged(
        BRANCHING,
        "elf64_ia64",
        (LOW, HIGH),
        relaxed={0x48 | slot << 8: signed(21) for slot in (1, 2)},
        zero=tuple(number for number, row in BRANCHING.relocs.items() if row.calc is branch),
        unasked={**made(BRANCHING), **KERNELS},
        absolute=True,
        parts=OPD,
        gp="__gp",
        slots=True,
    ),
    Judged(
        PARISC, "hppalinux", flags=0x214, zero=(65,), unasked=SEGMENTS, absolute=True, osabi=3, gp="$global$"
    ),
    Judged(
        CALLING,
        "hppa64linux",
        (LOW, HIGH),
        flags=0x8_0214,
        unasked={**made(CALLING), **SEGMENTS},
        absolute=True,
        parts=(Part(".data", bytes(16), 3),),
        osabi=3,
        entry=("f",),
        kept=".data",
        told=("-e", "f"),
    ),
    Judged(PPC, "elf32ppclinux", parts=PLT),
    ppc64(PPC64, "elf64lppc", 2),
    ppc64(PPC64_BIG, "elf64ppc", 1),
    Judged(LOONGARCH, ld.LLD, (LOW, HIGH), flags=0x43, unasked=made(LOONGARCH, 66), parts=LARCH),
    Judged(MIPS32, "elf32btsmip", rela=False, limits=JUMP, unpaired=frozenset({4})),
    Judged(MIPS32_LITTLE, "elf32ltsmip", rela=False, limits=JUMP, unpaired=frozenset({4})),
    Judged(MIPS64, "elf64btsmip", CKSEG, unpaired=frozenset({4, 5, 6, 18, 28, 29})),
    Judged(MIPS64_LITTLE, "elf64ltsmip", CKSEG, unpaired=frozenset({4, 5, 6, 18, 28, 29})),
    Judged(SPARC32, "elf32_sparc"),
    Judged(SPARC64, "elf64_sparc", (0x1000_0000, 0xE000_0000), limits=OLO10),
    Judged(SH, "shlelf_linux", zero=(1, 2), limits=REL32, unasked=dict.fromkeys(range(246, 250), NO_SH64)),
    Judged(SH_BIG, "shelf_linux", zero=(1, 2), limits=REL32, unasked=dict.fromkeys(range(246, 250), NO_SH64)),
    Judged(OPENRISC, "elf32or1k_linux", release=(6, 12)),
    Judged(XTENSA, ld.LX106, words={CALL: 0x5, L32R: 0x1, 6: 0}),
    Judged(XTENSA_BIG, "elf32xtensa", words=BIG_WORDS, unasked=dict.fromkeys((CALL, L32R), BIG)),
    Judged(MICROBLAZE, "elf32mb_linux"),
    Judged(MICROBLAZE_LITTLE, "elf32mbel_linux"),
    Judged(NIOS2, "nios2linux"),
    *(Judged(arch, "arclinux", flags=0x400) for arch in ARC),
    Judged(CSKY, "cskyelf_linux", unasked={JSRI: "for the CK810: objdump, tests/arch/test_ck810.py"}),
    Judged(HEXAGON, ld.LLD, unasked={1: "lld, at twice the distance: tests/arch/test_hexagon.py"}),
)
