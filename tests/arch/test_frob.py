"""Sections that loaders make room in before the layout; module_frob_arch_sections() of arch/*/kernel."""

from __future__ import annotations

from collections.abc import Mapping
from errno import ENOEXEC
from typing import NamedTuple

import pytest

from pymodutils.arch.alpha import ALPHA
from pymodutils.arch.arm import ARM
from pymodutils.arch.arm64 import ARM64
from pymodutils.arch.historic.metag import METAG
from pymodutils.arch.historic.v850 import V850
from pymodutils.arch.ia64 import IA64
from pymodutils.arch.loongarch import LOONGARCH
from pymodutils.arch.model import Arch
from pymodutils.arch.powerpc import PPC
from pymodutils.arch.powerpc64 import PPC64, PPC64_BIG
from pymodutils.arch.riscv import RISCV64
from pymodutils.elf.constants import SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHT_NOBITS
from pymodutils.link.failure import LinkError
from pymodutils.link.frob import frob
from pymodutils.link.layout import LayoutConfig
from pymodutils.link.object import Object
from tests.link.modules import load
from tests.link.objects import PROGBITS, Part, Rel, Sym, make

CODE, DATA = SHF_ALLOC | SHF_EXECINSTR, SHF_ALLOC | SHF_WRITE
SMALL = 0x1000_0000
LINE = 64  # L1_CACHE_BYTES
BL, BL_4 = (0xEBFF_FFFE, 0xEBFF_FFFF)  # of ARM: with an addend of 0, and of 4
SYMBOLS = [Sym("a"), Sym("b"), Sym("here", 0, 1, 0x12), Sym("there", 0, 2, 0x12)]
A, B, HERE, THERE = 1, 2, 3, 4  # their indexes
FIRST = 4  # the index of the first of the sections of a machine: behind .text, .init.text, .data


class Made(NamedTuple):
    """A section as the loader leaves it."""

    size: int
    align: int = 1
    flags: int = CODE
    kind: int = SHT_NOBITS


class Frob(NamedTuple):
    """A machine, its calls, and the sections that become of those given."""

    arch: Arch
    call: int
    made: Mapping[str, Made]
    got: int = 0  # a number that needs a slot
    options: Mapping[str, str] = {}
    name: str = ""


FROBS = [
    Frob(
        ARM64,
        283,
        {".plt": Made(12 * (1 + 4), LINE), ".init.plt": Made(12 * (1 + 2), LINE)}
        | {".text.ftrace_trampoline": Made(24, 4)},
    ),
    Frob(
        ARM64,
        283,
        {".plt": Made(12, LINE), ".init.plt": Made(12, LINE)},
        options={"RANDOMIZE_BASE": "n"},
        name="without KASLR",
    ),
    Frob(
        ARM64,
        283,
        {".plt": Made(0, 1, kind=PROGBITS), ".init.plt": Made(0, 1, kind=PROGBITS)},
        options={"ARM64_MODULE_PLTS": "n"},
        name="without PLTs",
    ),
    Frob(
        ARM,
        28,
        {".plt": Made(8 * (2 + 4), 4), ".init.plt": Made(8 * (2 + 2), 4)},
        options={"ARM_L1_CACHE_SHIFT": "2"},
    ),
    Frob(
        ARM,
        28,
        {".plt": Made(8 * 4, 4), ".init.plt": Made(8 * 2, 4)},
        options={"ARM_L1_CACHE_SHIFT": "2", "DYNAMIC_FTRACE": "n"},
        name="without ftrace",
    ),
    Frob(ARM, 28, {".plt": Made(128, LINE), ".init.plt": Made(128, LINE)}, name="lines"),
    Frob(
        RISCV64,
        19,
        {".plt": Made(12 * 8, LINE), ".got": Made(8 * 3, LINE, SHF_ALLOC)}
        | {".got.plt": Made(8 * 8, LINE, SHF_ALLOC)},
        got=20,
    ),
    Frob(
        LOONGARCH,
        66,
        {".plt": Made(16 * 8, LINE), ".got": Made(8 * 3, LINE, SHF_ALLOC)}
        | {".plt.idx": Made(8 * 8, LINE, SHF_ALLOC)},
        got=75,
    ),
    Frob(
        IA64,
        0x49,
        {".core.plt": Made(32 * 6, 16), ".init.plt": Made(32 * 2, 16)}
        | {".got": Made(8 * 2, 8, SHF_ALLOC | SMALL), ".opd": Made(16 * 8, 8, SHF_ALLOC)},
        got=0x32,
    ),
    Frob(
        IA64,
        0x49,
        {".core.plt": Made(48 * 6, 16), ".init.plt": Made(48 * 2, 16)}
        | {".got": Made(8 * 2, 8, SHF_ALLOC | SMALL), ".opd": Made(16 * 8, 8, SHF_ALLOC)},
        got=0x32,
        options={"ITANIUM": "y"},
        name="McKinley's predecessor",
    ),
    Frob(PPC64, 10, {".stubs": Made(40 * (1 + 2 + 8), kind=PROGBITS), ".toc": Made(0, 8, kind=PROGBITS)}),
    Frob(PPC64_BIG, 10, {".stubs": Made(56 * (1 + 1 + 8), kind=PROGBITS)}),
    Frob(
        PPC64_BIG,
        10,
        {".stubs": Made(56 * (1 + 8), kind=PROGBITS)},
        options={"DYNAMIC_FTRACE": "n"},
        name="-",
    ),
    Frob(
        PPC,
        10,
        {".plt": Made(16 * (5 + 1 + 1 + 1), kind=PROGBITS), ".init.plt": Made(16 * 3, kind=PROGBITS)},
    ),
    Frob(
        PPC,
        10,
        {".plt": Made(16 * 6, kind=PROGBITS), ".init.plt": Made(16 * 2, kind=PROGBITS)},
        options={"DYNAMIC_FTRACE": "n"},
        name="without ftrace",
    ),
    Frob(ALPHA, 7, {".got": Made(8 * 3, 8)}, got=4),  # offset 0 counts as none, and is given away again
    Frob(METAG, 4, {".plt": Made(8 * 6, kind=PROGBITS), ".init.plt": Made(8 * 2, kind=PROGBITS)}),
    Frob(V850, 2, {".plt": Made(8 * 6, kind=PROGBITS), ".init.plt": Made(8 * 2, kind=PROGBITS)}),
]


def frobbed(one: Frob, *, other: int = 0) -> Object:
    """A module with calls in code and data, and a relocation of the number ``other``, prepared."""
    addend = 0 if one.arch is ARM else 4
    text = [Rel(0, one.call, A), Rel(4, one.call, B), Rel(8, one.call, A), Rel(12, one.call, A, addend)]
    text += [Rel(16, one.call, HERE), Rel(20, one.call, THERE)]
    text += [Rel(24 + 4 * at, one.got, symbol) for at, symbol in enumerate((A, A, B)) if one.got]
    text += [Rel(36, other, A)] if other else []
    rows = {1: text, 2: [Rel(0, one.call, A), Rel(4, one.call, B)], 3: [Rel(0, one.call, HERE, 8)]}
    words = [BL, BL, BL, BL_4, BL, BL] if one.arch is ARM else []
    content = b"".join(word.to_bytes(4, "little") for word in words).ljust(64, b"\0")
    parts = [Part(".text", content, CODE), Part(".init.text", BL.to_bytes(4, "little") * 4, CODE)]
    parts += [Part(".data", bytes(16), DATA), *(Part(name) for name in one.made)]
    module = load(make(one.arch, parts, SYMBOLS, rows), one.arch)
    return frob(
        module, LayoutConfig(options=one.options, release=(2, 6) if one.arch is V850 else (6, 1)), "m"
    )


@pytest.mark.parametrize("one", FROBS, ids=lambda one: f"{one.arch.name} {one.name}")
def test_room_for_entries(one: Frob) -> None:
    made = frobbed(one).sections[FIRST : FIRST + len(one.made)]
    assert {it.name: (it.sh_size, it.sh_addralign, it.sh_flags, it.sh_type) for it in made} == one.made


def test_other_relocations_do_not_count() -> None:
    one = FROBS[0]
    made = frobbed(one, other=257).sections[FIRST]
    assert made.sh_size == one.made[made.name].size


@pytest.mark.parametrize(
    ("arch", "lacking", "said", "names"),
    [
        (ARM64, ".plt", "m: module PLT section(s) missing", (".init.plt",)),
        (ARM64, ".init.plt", "m: module PLT section(s) missing", (".plt",)),
        (ARM, ".plt", "m: module PLT section(s) missing", (".init.plt",)),
        (ARM, ".init.plt", "m: module PLT section(s) missing", (".plt",)),
        (RISCV64, ".plt", "m: module PLT section(s) missing", (".got", ".got.plt")),
        (RISCV64, ".got", "m: module GOT section(s) missing", (".plt", ".got.plt")),
        (RISCV64, ".got.plt", "m: module GOT.PLT section(s) missing", (".got", ".plt")),
        (LOONGARCH, ".got", "m: module GOT section(s) missing", (".plt", ".plt.idx")),
        (LOONGARCH, ".plt", "m: module PLT section(s) missing", (".got", ".plt.idx")),
        (LOONGARCH, ".plt.idx", "m: module PLT.IDX section(s) missing", (".got", ".plt")),
        (IA64, ".core.plt", "m: sections missing", (".init.plt", ".got", ".opd")),
        (IA64, ".init.plt", "m: sections missing", (".core.plt", ".got", ".opd")),
        (IA64, ".got", "m: sections missing", (".core.plt", ".init.plt", ".opd")),
        (IA64, ".opd", "m: sections missing", (".core.plt", ".init.plt", ".got")),
        (PPC, ".plt", "module_32: Module doesn't contain .plt or .init.plt sections.", (".init.plt",)),
        (PPC, ".init.plt", "module_32: Module doesn't contain .plt or .init.plt sections.", (".plt",)),
        (PPC64, ".stubs", "module_64: m: doesn't contain .stubs.", (".toc",)),
        (ALPHA, ".got", "module m: no got section", ()),
    ],
)
def test_sections_that_a_loader_wants(arch: Arch, lacking: str, said: str, names: tuple[str, ...]) -> None:
    data = make(arch, [Part(".text", bytes(8)), *(Part(name, bytes(1)) for name in names)], SYMBOLS[:2], {})
    with pytest.raises(LinkError) as failure:
        frob(load(data, arch), LayoutConfig(), "m")
    assert (failure.value.log, failure.value.errno) == ((said,), ENOEXEC), lacking
