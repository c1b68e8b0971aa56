"""Architectures with the linkers that judge their relocations, and cases of every bit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pymodutils.arch.arm import ARM
from pymodutils.arch.arm64 import ARM64
from pymodutils.arch.m68k import M68K
from pymodutils.arch.model import Arch, Reloc, ignored, signed
from pymodutils.arch.riscv import RISCV64
from pymodutils.arch.s390 import S390
from pymodutils.arch.x86 import I386, X86_64
from pymodutils.elf.scan import Elf
from pymodutils.link.frob import frob
from pymodutils.link.image import Image
from pymodutils.link.layout import Config, layout
from pymodutils.link.object import Object
from pymodutils.link.relocate import relocate
from pymodutils.link.symbols import simplify
from tests.link.objects import Part, Rel, Sym, make
from tests.oracles import ld

ADDEND = -4  # of every relocation, in its record or at its place
ABS, FUNCTION = 0xFFF1, 0x12  # SHN_ABS, a global STT_FUNC
BEFORE = 0x0123_4567_89AB_CDEF  # what relocations that add find
STEP = 16  # bytes from one place to the next
LOW, HIGH, HIGH32 = 0x4000_0000, 0xFFFF_FFFF_A000_0000, 0xC000_0000


class Judged(NamedTuple):
    """An architecture, and which ld says what is right."""

    arch: Arch
    emulation: str
    parts: tuple[Part, ...] = ()  # sections without which its loader refuses modules
    apart: frozenset[int] = frozenset()  # relocations proved elsewhere
    plain: frozenset[int] = frozenset()  # those of which ld has its own idea of addends

    options: tuple[str, ...] = ()  # that the kernel is configured with
    opcodes: Mapping[int, int] = {}  # what is at the places of some relocations
    functions: frozenset[int] = frozenset()  # those against functions whose addresses are odd
    words: tuple[str, ...] = ()  # for ld
    spared: frozenset[tuple[int, int]] = frozenset()  # values for which ld already makes a stub

    @property
    def config(self) -> Config:
        """The kernel's."""
        return Config(options=dict.fromkeys(self.options, "y"))

    @property
    def bases(self) -> tuple[int, int]:
        """Addresses for the text, a low one and a kernel's."""
        return LOW, HIGH if self.arch.bits == 64 else HIGH32


def made(arch: Arch, *but: int) -> frozenset[int]:
    """The relocations that need what the loader makes, which ld would put elsewhere, apart from ``but``."""
    letters = {"G", "L", "GP"}
    return frozenset(at for at, row in arch.relocs.items() if letters & {*row.letters}) - frozenset(but)


PLT = (Part(".plt", bytes(1)), Part(".init.plt", bytes(1)))
V7 = b"aeabi\0\1\x09\0\0\0\6\x0a\x09\2"  # Tag_CPU_arch v7, Tag_THUMB_ISA_use Thumb-2: branches are wide
ATTRIBUTES = Part(".ARM.attributes", b"A" + (len(V7) + 4).to_bytes(4, "little") + V7, 0, 0x7000_0003)
JUDGED = {
    one.arch.name: one
    for one in (
        Judged(X86_64, "elf_x86_64"),
        Judged(I386, "elf_i386"),
        Judged(M68K, "m68kelf"),
        # ld takes away S but adds A in SUB relocations (no assembler gives them one), and looks whether
        # PCREL_HI20 reaches S, not S+A, before it takes the value for an absolute one
        Judged(RISCV64, "elf64lriscv", apart=RISCV64.paired, plain=frozenset({23, 35, 36, 39, 40})),
        Judged(ARM64, "aarch64linux", PLT),
        Judged(S390, "elf64_s390", apart=made(S390, 18, 20), plain=frozenset({18, 20})),
        Judged(
            ARM,
            "armelf_linux_eabi",
            (*PLT, ATTRIBUTES),
            plain=frozenset({59}),
            options=("THUMB2_KERNEL",),
            opcodes={28: 0xEB00_0000, 40: 0xE12F_FF1E, 10: 0xD000_F000, 30: 0x9000_F000},
            functions=frozenset({10, 30}),
            words=("--fix-v4bx",),
            spared=frozenset({(10, 0xFF_FFFE), (30, 0xFF_FFFE)}),
        ),
    )
}


class Case(NamedTuple):
    """One relocation whose calculation gives ``value`` when its symbol is worth ``symbol``."""

    number: int
    row: Reloc
    value: int
    symbol: int
    addend: int


def cases(judged: Judged, base: int) -> Iterator[Case]:
    """Each row, with each bit of its value in both signs and the ends of its range, at ``base``."""
    mask, half = (1 << judged.arch.bits) - 1, 1 << judged.arch.bits - 1
    at = 0
    for number, row in judged.arch.relocs.items():
        if row.calc is ignored or row.refused or number in judged.apart:
            continue
        addend = 0 if number in judged.plain else ADDEND
        for value in sorted(targets(row)) if "S" in row.letters or row.makes else (0,):
            if (number, value) in judged.spared:
                continue
            place = (base + at * STEP ^ half) - half
            given = {"S": 0, "A": addend, "P": place, "V": 0, "L": 0 if "A" in row.letters else addend}
            nothing = row.calc(**{letter: given[letter] for letter in row.letters})
            yield Case(number, row, value, value - nothing & mask, addend)
            at += 1


def targets(row: Reloc) -> set[int]:
    """Values that differ from each other in one bit, all of which fit."""
    parts = row.field.parts
    low, high = row.range or signed(1 + max(part.high for part in parts))
    rounded = any(part.rounding for part in parts)
    step = max(row.align, 1 if rounded else 1 << min(part.low for part in parts))
    wanted = {0, low, high - step, -step, 5 * step}
    wanted |= {sign << bit for bit in range(64) for sign in (1, -1)}
    return {value for value in wanted if low <= value < high and value % step == 0}


def built(judged: Judged, todo: list[Case]) -> tuple[bytes, dict[str, int]]:
    """A module with all cases, and what its imports are worth."""
    symbols = [
        Sym(f"s{at}", case.symbol | 1, ABS, FUNCTION) if case.number in judged.functions else Sym(f"s{at}")
        for at, case in enumerate(todo)
    ]
    rows = [Rel(at * STEP, case.number, at + 1, case.addend) for at, case in enumerate(todo)]
    text = b"".join(_word(judged, case).ljust(STEP, b"\0") for case in todo)
    parts = [Part(".text", text, align=16), *judged.parts]
    data = make(judged.arch, parts, symbols, {1: rows})
    imports = {f"s{at}": case.symbol for at, case in enumerate(todo) if case.number not in judged.functions}
    return data, imports


def _word(judged: Judged, case: Case) -> bytes:
    """The place as the assembler leaves it: with a REL addend, or with something to add to."""
    field = case.row.field
    before = judged.opcodes.get(case.number, 0)
    if "V" in case.row.letters and not before:
        before = field.put(0, BEFORE)
    elif judged.arch.rela and ("A" in case.row.letters or "L" in case.row.letters):
        before = field.put(before, case.addend)
    return before.to_bytes(field.size, field.order or judged.arch.order)


def ours(judged: Judged, data: bytes, imports: dict[str, int], base: int) -> bytes:
    """The text as we link it at ``base``."""
    module = frob(Object(data, Elf(data).sections, judged.arch), judged.config, "module")
    plan = layout(module, judged.config)
    text = plan.placed[1]
    assert text
    image = Image(module, plan, (base - text.offset, base + (1 << 24)))
    relocate(image, simplify(image, "module", imports.__getitem__, print), "module")
    return bytes(image.section(1))


def theirs(judged: Judged, folder: Path, data: bytes, imports: dict[str, int], base: int) -> bytes:
    """The same as GNU ld links it; raises Unavailable."""
    return ld.link(
        folder, data, [ld.Placing(".text", base, 16)], imports, judged.emulation, words=judged.words
    )[".text"]
