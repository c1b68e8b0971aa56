"""Modules whose relocations depend on another one or on stored data, for GNU ld or lld to judge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pymodutils.arch.mips import ARCHS, HI16, LO16
from pymodutils.arch.model import Arch
from pymodutils.arch.riscv import GATHERS, RISCV64
from pymodutils.arch.sparc import SPARC64
from tests.arch import keep
from tests.arch.cases import STEP, ours, targets
from tests.arch.linkers import HIGH, HIGH32, JUDGED, LOW
from tests.link.objects import Part, Rel, Sym, make
from tests.oracles import ld

KEPT = "pairs"
RISCV = next(one for one in JUDGED if one.arch.name == RISCV64.name)
MIPS_REL = [one for one in JUDGED if one.arch in ARCHS and not one.rela]
UNKNOWN = 199
OPCODES = {HI16: 0x3C02_0000, LO16: 0x2442_0000, UNKNOWN: 0}  # lui, addiu
ADDENDS = (0, 1, -4, 0x7FFF, -0x8000, 0x8000, 0x1_8000, -0x1_0000, 0x7FFF_8000)
SYMBOLS = (0, 0x7FFC, 0x8000, 0x8012_3454, 0x8012_FFFC, 0xFFFE_8000)
GATHERED = {  # name -> the numbers of a difference, and bytes at its place
    "6": ((53, 52), 1),
    "8": ((54, 37), 1),
    "16": ((55, 38), 2),
    "32": ((56, 39), 4),
    "add 8": ((33, 37), 1),
    "add 16": ((34, 38), 2),
    "add 32": ((35, 39), 4),
    "add 64": ((36, 40), 8),
    "ULEB128": ((60, 61), 2),
}


class Pairs(NamedTuple):
    """A module with paired relocations, and how it is linked."""

    name: str
    arch: Arch
    data: bytes
    imports: Mapping[str, int]
    base: int
    emulation: str
    release: tuple[int, int] = (6, 1)
    unequal: frozenset[int] = frozenset()  # places that the linker fills otherwise than the kernel

    def ours(self) -> list[str]:
        """The places as we link them."""
        return self._places(ours(self.arch, self.data, self.imports, self.base, release=self.release))

    def theirs(self, folder: Path) -> list[str]:
        """The places as linked by the linker."""
        text = [ld.Placing(".text", self.base, 16)]
        return self._places(ld.link(folder, self.data, text, self.imports, self.emulation)[".text"])

    def _places(self, text: bytes) -> list[str]:
        every = range(len(text) // STEP)
        return [text[STEP * at :][:STEP].hex() for at in every if at not in self.unequal]


def kept() -> dict[str, list[str]]:
    """The linkers' results for each module, by name."""
    found: dict[str, list[str]] = keep.read(KEPT)
    return found


def pairs() -> Iterator[Pairs]:
    """All modules."""
    yield from (low_halves(base) for base in (LOW, HIGH))
    yield from map(difference, GATHERED)
    for judged in MIPS_REL:
        yield from (high_halves(judged.arch, symbol, judged.emulation) for symbol in SYMBOLS)
    yield from map(data_of_r_info, (0, 0x155, 0x3FF, 0xDEAD_BEEF))


def low_halves(base: int) -> Pairs:
    """RISC-V: low halves refer to high ones by labels."""
    distances = sorted(targets(RISCV, 23))
    symbols, rows = [Sym(f"at{at}", at * STEP, 1, 0) for at in range(len(distances))], []
    symbols += [Sym(f"s{at}") for at in range(len(distances))]
    for at in range(len(distances)):
        here, label, goal = at * STEP, at + 1, len(distances) + at + 1
        rows += [
            Rel(here + 8, 25, label),
            Rel(here, 23, goal),
            Rel(here + 4, 24, label),
            Rel(here, 51, 0),
        ]
    parts = [Part(".text", bytes(STEP * len(distances)), align=16), *RISCV.parts]
    data = make(RISCV64, parts, symbols, {1: rows})
    word = (1 << 64) - 1
    imports = {f"s{at}": base + at * STEP + far & word for at, far in enumerate(distances)}
    return Pairs(f"riscv low halves {base:#x}", RISCV64, data, imports, base, RISCV.emulation)


def difference(kind: str) -> Pairs:
    """Places with the distance from s0 to another symbol, accumulated as on RISC-V."""
    numbers, size = GATHERED[kind]
    top = {"6": 6, "32": 29, "ULEB128": 14}.get(kind, 8 * size - 1)
    values = [(1 << bit) - less for bit in range(1, top + 1) for less in (1, 0)][: 2 * top - 1]
    before = b"\x80\1" if kind == "ULEB128" else b"\xc0" if kind == "6" else bytes(size)
    symbols = [Sym(f"s{at}") for at in range(1 + len(values))]
    rows = [
        Rel(STEP * at, number, symbol)
        for at in range(len(values))
        for number, symbol in zip(numbers, (at + 2, 1), strict=True)
    ]
    text = before.ljust(STEP, b"\0") * len(values)
    data = make(RISCV64, [Part(".text", text, align=16), *RISCV.parts], symbols, {1: rows})
    imports = {"s0": LOW, **{f"s{at + 1}": LOW + value for at, value in enumerate(values)}}
    padded = frozenset(at for at, value in enumerate(values) if kind == "ULEB128" and value < 1 << 7)
    return Pairs(f"riscv {kind}", RISCV64, data, imports, LOW, ld.LLD, GATHERS, padded)


def mips(arch: Arch, insns: Sequence[tuple[int, int, int]]) -> bytes:
    """A module of instructions, each with a type, a symbol and one half of an addend."""
    text, rows = b"", []
    for at, (number, symbol, addend) in enumerate(insns):
        half = addend + 0x8000 >> 16 if number == HI16 else addend
        text += (OPCODES[number] | half & 0xFFFF).to_bytes(4, arch.order)
        rows.append(Rel(4 * at, number, symbol + 1))
    symbols = [Sym(f"s{at}") for at in range(1 + max(symbol for _, symbol, _ in insns))]
    return make(arch, [Part(".text", text, align=16)], symbols, {1: rows}, rela=False)


def high_halves(arch: Arch, symbol: int, emulation: str) -> Pairs:
    """MIPS: high halves are pending until a low one."""
    addends = [*ADDENDS, *(sign << bit for bit in range(31) for sign in (1, -1))]
    kinds = (HI16, HI16, LO16, LO16)
    data = mips(arch, [(kind, at, addend) for at, addend in enumerate(addends) for kind in kinds])
    imports = {f"s{at}": symbol for at in range(len(addends))}
    return Pairs(f"mips {arch.order} {symbol:#x}", arch, data, imports, HIGH32, emulation)


def data_of_r_info(symbol: int) -> Pairs:
    """SPARC: data of r_info is added to the low 10 bits."""
    offsets = [sign << bit for bit in range(12) for sign in (1, -1)]
    fitting = [offset for offset in offsets if -0x1000 <= (symbol & 0x3FF) + offset < 0x1000]
    rows = [Rel(STEP * at, 33, 1, 0, offset & 0xFF_FFFF) for at, offset in enumerate(fitting)]
    data = make(SPARC64, [Part(".text", bytes(STEP * len(rows)), align=16)], [Sym("s")], {1: rows})
    return Pairs(f"sparc {symbol:#x}", SPARC64, data, {"s": symbol}, 0x1000_0000, "elf64_sparc")
