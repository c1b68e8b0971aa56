"""64-bit ARM: https://github.com/ARM-software/abi-aa, aaelf64; arch/arm64/kernel/module*.c.

Branches out of range go through an entry of .plt or .init.plt, whose size is computed before the layout.
Instructions are little-endian even in big-endian modules.
"""

from __future__ import annotations

from errno import ENOEXEC
from functools import partial
from itertools import compress
from operator import not_
from typing import TYPE_CHECKING, Final

from pymodutils.arch.calc import l_p, s_a, s_a_p
from pymodutils.arch.field import Field, insn, word
from pymodutils.arch.formula import formula
from pymodutils.arch.frob import Frobbed, UnplacedModule, code
from pymodutils.arch.image import ImageHeader, Magic
from pymodutils.arch.model import REL_UNSUPPORTED, Arch, SinceRelease
from pymodutils.arch.plt_got import PlacedModule, Refusal, Relocation, StubBuilder, words
from pymodutils.arch.range import Range, signed, unsigned
from pymodutils.arch.reloc import Diagnostic, RelocType
from pymodutils.arch.stub_table import StubTable

if TYPE_CHECKING:
    from pymodutils.arch.reloc import Relocations

ENTRY, LINE, FTRACE = 12, 64, 2  # bytes of a PLT entry, L1_CACHE_BYTES, entries for ftrace
JUMP26, CALL26 = BRANCHES = 282, 283
REACH: Final = signed(28)
SZ_128M, SZ_2G = 1 << 27, 1 << 31
BREAK: Final = 0xD420_2000  # replacement for an adrp out of range


class Move(Field):
    """movz of a value, or movn of its complement."""

    __slots__ = ()

    def put(self, word: int, value: int) -> int:
        """``word`` with ``value`` in the field, and the opcode that goes with its sign."""
        word = word & ~(3 << 29) | (0 if value < 0 else 2 << 29)
        return super().put(word, ~value if value < 0 else value)


G0, G1, G2, G3 = (insn(4, (low + 15, low, 5), order="little") for low in (0, 16, 32, 48))
M0, M1, M2, M3 = (insn(4, (low + 15, low, 5), order="little", kind=Move) for low in (0, 16, 32, 48))
B14 = insn(4, (15, 2, 5), order="little")
B19 = insn(4, (20, 2, 5), order="little")
B26 = insn(4, (27, 2, 0), order="little")
ADR = insn(4, (20, 2, 5), (1, 0, 29), order="little")
ADRP = insn(4, (32, 14, 5), (13, 12, 29), order="little")
I0, I1, I2, I3, I4 = (insn(4, (11, low, 10), order="little") for low in range(5))


@formula("S", "A", "P")
def page(S: int, A: int, P: int) -> int:
    """Page(S + A) - Page(P)."""
    return (S + A & ~0xFFF) - (P & ~0xFFF)


def above_and_below(kernel: Range) -> tuple[Range, Range]:
    """All of MODULES_VSIZE, then what lies above _end within 2 GiB."""
    base = kernel.low - SZ_128M
    return Range(base, kernel.low), Range(kernel.high, base + SZ_2G)


def below(kernel: Range) -> tuple[Range, Range]:
    """module_init_limits without KASLR: 128 MiB, then 2 GiB, that end at _end."""
    return Range(kernel.high - SZ_128M, kernel.low), Range(kernel.high - SZ_2G, kernel.low)


def frob(info: UnplacedModule) -> Frobbed:
    """Reserve space in .plt and .init.plt for each branch to another section, and sort these branches."""
    core, init, ftrace = (info.find(name) for name in (".plt", ".init.plt", ".text.ftrace_trampoline"))
    if not info.on("ARM64_MODULE_PLTS"):
        return Frobbed()
    if not core or not init:
        raise Refusal(Diagnostic("{module}: module PLT section(s) missing", ENOEXEC))
    counts, orders = {core: 1, init: 1}, {}
    for at, relocs in info.of_code() if info.on("RANDOMIZE_BASE") else ():
        where = init if info.patched(at).name.startswith(".init") else core
        orders[at] = partial(_sorted, info, at, relocs)
        counts[where] += _count(info, at, relocs)
    changes = {at: code(ENTRY * count, LINE) for at, count in counts.items()}
    if ftrace:
        changes[ftrace] = code(ENTRY * FTRACE, 4)
    return Frobbed(changes, orders)


def _count(info: UnplacedModule, at: int, relocs: Relocations) -> int:
    """The number of branches out of the section that may need an entry; adjacent equal ones share it."""
    branches = relocs.of(BRANCHES)
    if len(branches.numbers) < len(relocs.numbers):
        kinds = zip(branches.numbers, branches.symbols, strict=True)
        plain = set(compress(kinds, map(not_, branches.A or ())))
        elsewhere = compress(branches.symbols, branches.A or ())
        return info.far(at, (symbol for _, symbol in plain)) + info.far(at, elsewhere)
    keys = list(map(_keys(relocs).__getitem__, _sorted(info, at, relocs)))
    far = [key if key[0] in BRANCHES and info.leaves(at, key[1]) else None for key in keys]
    pairs = zip(far, [None, *keys], strict=False)
    return sum(bool(key[2]) or key != last for key, last in pairs if key)


def _keys(relocs: Relocations) -> list[tuple[int, int, int]]:
    return list(zip(relocs.numbers, relocs.symbols, relocs.A or (), strict=True))


def _sorted(info: UnplacedModule, at: int, relocs: Relocations) -> list[int]:
    """The loader's order of ``relocs``.

    Branches out of the section come first, sorted by type, symbol and addend; the partition from both ends
    leaves the last one unsorted.
    """
    keys = _keys(relocs)
    far = [number in BRANCHES and info.leaves(at, symbol) for number, symbol, _ in keys]
    order, low, high = list(range(len(far))), 0, len(far) - 1
    while low < high:
        if far[order[low]]:
            low += 1
        elif far[order[high]]:
            order[low], order[high] = order[high], order[low]
        else:
            high -= 1
    order[:low] = sorted(order[:low], key=keys.__getitem__)
    return order


class Arm64Plts(StubBuilder):
    """The entries of .plt and .init.plt: adrp x16; add x16, x16; br x16."""

    reach = dict.fromkeys(BRANCHES, REACH)

    def __init__(self, module: PlacedModule) -> None:
        super().__init__(module)
        names = (".plt", ".init.plt") if module.options.get("ARM64_MODULE_PLTS") == "y" else ()
        self.tables = [StubTable(module, module.sections[name], ENTRY, spare=1) for name in names]

    def goal(self, one: Relocation) -> int:
        """The target of a branch, or its PLT entry."""
        target = one.S + one.A
        if not self.tables:
            return target
        table = self.tables[self.module.is_init(one.P)]
        way = page(target, 0, table.next)
        adrp = ADRP.put(0x9000_0010, way) if -(1 << 32) <= way < 1 << 32 else BREAK
        entry = words("little", adrp, I0.put(0x9100_0210, target), 0xD61F_0200)
        self.module.write(table.next, entry)  # even if it then already exists
        if table.known.get(target) != table.next - ENTRY:
            table.add(target, entry)
        return table.known[target]


BIG: Final = 1  # bit 0 of the flags in the header of an image; arch/arm64/booting.rst
PAGES: Final = {1: 4096, 2: 16384, 3: 65536}  # bits 1 and 2
FLAGS: Final = 24  # bytes before them


def image(flags: int) -> ImageHeader:
    """The header of images with this bit 0 of ``flags``."""
    magics = (Magic(56, b"ARM\x64"), Magic(FLAGS, bytes((flags,)), b"\1"))
    return ImageHeader("arm64 Image", magics, bare=True)


def image_page_size(data: bytes) -> int | None:
    """The page size of the kernel in ``data``."""
    return PAGES.get(data[FLAGS] >> 1 & 3)


ARM64 = Arch(
    name="arm64",
    machines=(183,),
    bits=64,
    order="little",
    relocs={
        0: RelocType("R_ARM_NONE"),
        256: RelocType("R_AARCH64_NONE"),
        257: RelocType("R_AARCH64_ABS64", s_a, word(64)),
        258: RelocType("R_AARCH64_ABS32", s_a, word(32), unsigned(32)),
        259: RelocType("R_AARCH64_ABS16", s_a, word(16), unsigned(16)),
        260: RelocType("R_AARCH64_PREL64", s_a_p, word(64)),
        261: RelocType("R_AARCH64_PREL32", s_a_p, word(32), signed(32)),
        262: RelocType("R_AARCH64_PREL16", s_a_p, word(16), signed(16)),
        263: RelocType("R_AARCH64_MOVW_UABS_G0", s_a, G0, unsigned(16)),
        264: RelocType("R_AARCH64_MOVW_UABS_G0_NC", s_a, G0),
        265: RelocType("R_AARCH64_MOVW_UABS_G1", s_a, G1, unsigned(32)),
        266: RelocType("R_AARCH64_MOVW_UABS_G1_NC", s_a, G1),
        267: RelocType("R_AARCH64_MOVW_UABS_G2", s_a, G2, unsigned(48)),
        268: RelocType("R_AARCH64_MOVW_UABS_G2_NC", s_a, G2),
        269: RelocType("R_AARCH64_MOVW_UABS_G3", s_a, G3),
        270: RelocType("R_AARCH64_MOVW_SABS_G0", s_a, M0, signed(17)),
        271: RelocType("R_AARCH64_MOVW_SABS_G1", s_a, M1, signed(33)),
        272: RelocType("R_AARCH64_MOVW_SABS_G2", s_a, M2, signed(49)),
        273: RelocType("R_AARCH64_LD_PREL_LO19", s_a_p, B19, signed(21)),
        274: RelocType("R_AARCH64_ADR_PREL_LO21", s_a_p, ADR, signed(21)),
        275: RelocType("R_AARCH64_ADR_PREL_PG_HI21", page, ADRP, signed(33)),
        276: RelocType("R_AARCH64_ADR_PREL_PG_HI21_NC", page, ADRP),
        277: RelocType("R_AARCH64_ADD_ABS_LO12_NC", s_a, I0),
        278: RelocType("R_AARCH64_LDST8_ABS_LO12_NC", s_a, I0),
        279: RelocType("R_AARCH64_TSTBR14", s_a_p, B14, signed(16)),
        280: RelocType("R_AARCH64_CONDBR19", s_a_p, B19, signed(21)),
        282: RelocType("R_AARCH64_JUMP26", l_p, B26, REACH),
        283: RelocType("R_AARCH64_CALL26", l_p, B26, REACH),
        284: RelocType("R_AARCH64_LDST16_ABS_LO12_NC", s_a, I1),
        285: RelocType("R_AARCH64_LDST32_ABS_LO12_NC", s_a, I2),
        286: RelocType("R_AARCH64_LDST64_ABS_LO12_NC", s_a, I3),
        287: RelocType("R_AARCH64_MOVW_PREL_G0", s_a_p, M0, signed(17)),
        288: RelocType("R_AARCH64_MOVW_PREL_G0_NC", s_a_p, G0),
        289: RelocType("R_AARCH64_MOVW_PREL_G1", s_a_p, M1, signed(33)),
        290: RelocType("R_AARCH64_MOVW_PREL_G1_NC", s_a_p, G1),
        291: RelocType("R_AARCH64_MOVW_PREL_G2", s_a_p, M2, signed(49)),
        292: RelocType("R_AARCH64_MOVW_PREL_G2_NC", s_a_p, G2),
        293: RelocType("R_AARCH64_MOVW_PREL_G3", s_a_p, M3),
        299: RelocType("R_AARCH64_LDST128_ABS_LO12_NC", s_a, I4),
    },
    unknown=Diagnostic("module {module}: unsupported RELA relocation: {number}", ENOEXEC),
    got=frozenset(range(309, 314)),
    overflow=Diagnostic("module {module}: overflow in relocation type {number} val {sum:x}", ENOEXEC),
    rel=Diagnostic(REL_UNSUPPORTED, ENOEXEC),
    uname="aarch64",
    unames="aarch64.*|arm64",
    compat="armv7l",
    images=(image(0),),
    image_page_size=image_page_size,
    image_relative=0x403,  # R_AARCH64_RELATIVE
    bcj=("XZ_DEC_ARM64",),
    config="ARM64",
    vermagic="aarch64",
    switches=("ARM64_MODULE_PLTS", "RANDOMIZE_BASE"),
    prel32=True,
    text=0xFFFF_8000_0800_0000,  # KIMAGE_VADDR of 48 bits of addresses: above MODULES_VSIZE
    beside=above_and_below,
    frob=frob,
    builder=Arm64Plts,
    options={"ARM64_MODULE_PLTS": "y", "RANDOMIZE_BASE": "y"},
    since_release=(SinceRelease((6, 5), {"text": 0xFFFF_8000_8000_0000, "beside": below}),),
    always={"ARM64_MODULE_PLTS": (6, 5), "RANDOMIZE_BASE": (6, 5)},
)

ARM64_BIG = ARM64._replace(order="big", images=(image(BIG),))

ARCHS = (ARM64, ARM64_BIG)
