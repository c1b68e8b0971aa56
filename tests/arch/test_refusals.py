"""Refused relocations: out of range by one step, or unknown, with the kernel's messages."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from errno import EINVAL, ENOENT, ENOEXEC
from pathlib import Path
from typing import NamedTuple

import pytest

from pymodutils.arch.hexagon import HEXAGON
from pymodutils.arch.mips import ARCHS as MIPS
from pymodutils.arch.mips import MIPS32, MIPS64
from pymodutils.arch.model import Arch
from pymodutils.arch.nios2 import NIOS2
from pymodutils.arch.openrisc import OPENRISC
from pymodutils.arch.x86 import X86_64
from pymodutils.arch.xtensa import CALL, L32R, XTENSA, XTENSA_BIG
from pymodutils.link.failure import LinkError
from tests.arch.cases import STEP, Case, built, case, ours
from tests.arch.linkers import JUDGED, Judged
from tests.link.objects import Part, Rel, Sym, make
from tests.oracles import ld

SHN_ABS, WEAK = 0xFFF1, 0x20
X86_FAR = "module: overflow in relocation type {number} val {value:x}\n"
X86_FAR += "module: `module' likely not compiled with -mcmodel=kernel"
MIPS_FAR, MIPS_ODD = "module module: relocation overflow", "module module: dangerous R_MIPS_{kind} relocation"
XTENSA_FAR = "module: relocation out of range, section 2 reloc 1 sym 's1'"
HEXAGON_FAR = "module: R_HEXAGON_B22_PCREL reloc out of range: {value:08x}={sum:08x}-{place:08x} s1"


class Beyond(NamedTuple):
    """A value out of range, and the message."""

    arch: Arch
    number: int
    value: int
    text: str


def beyond() -> Iterator[Beyond]:
    for value in (1 << 32, -1, -1 << 63):
        yield Beyond(X86_64, 10, value, X86_FAR)
    for value in (1 << 31, (-1 << 31) - 1, 1 << 32):
        yield Beyond(X86_64, 11, value, X86_FAR)
    for arch in MIPS:
        yield from (Beyond(arch, 4, value, MIPS_FAR) for value in (1 << 28, -8))
        yield Beyond(arch, 4, 2, MIPS_ODD.format(kind="26"))
        for number, bits in ((10, 16), (60, 21), (61, 26)):
            half = 1 << bits + 1
            yield from (Beyond(arch, number, value, MIPS_FAR) for value in (half, -half - 4))
            yield Beyond(arch, number, half + 2, MIPS_ODD.format(kind=f"PC{bits}"))
    yield from (Beyond(NIOS2, 3, value, MIPS_FAR) for value in (1 << 15, (-1 << 15) - 1))
    yield from (Beyond(NIOS2, 4, value, MIPS_FAR) for value in (1 << 28, -4))
    yield Beyond(NIOS2, 4, (1 << 28) + 2, "module module: dangerous relocation")
    for arch in (XTENSA, XTENSA_BIG):
        yield from (Beyond(arch, CALL, value, XTENSA_FAR) for value in (1 << 19, (-1 << 19) - 4, 2))
        yield from (Beyond(arch, L32R, value, XTENSA_FAR) for value in (0, (-1 << 18) - 4, -2))
    yield from (Beyond(HEXAGON, 1, value, HEXAGON_FAR) for value in (1 << 23, (-1 << 23) - 1))


def judge(arch: Arch) -> Judged:
    return next(one for one in JUDGED if one.arch is arch)


def module(judged: Judged, number: int, value: int, base: int) -> tuple[list[Case], bytes, dict[str, int]]:
    """A relocation in range, followed by one of type ``number`` with the result ``value``."""
    alone = ((at, row) for at, row in judged.arch.relocs.items() if at not in judged.arch.paired)
    fits = next(at for at, row in alone if row.calc.letters)
    todo = [case(judged, fits, 0, base), case(judged, number, value, base + STEP)]
    return todo, *built(judged, todo)


BEYOND = [pytest.param(one, id=f"{judge(one.arch).name} {one.number} {one.value:#x}") for one in beyond()]


@pytest.mark.parametrize("one", BEYOND)
@pytest.mark.parametrize("which", [0, 1], ids=["low", "high"])
def test_one_beyond_what_fits(one: Beyond, which: int) -> None:
    judged = judge(one.arch)
    base, mask = judged.bases[which], (1 << one.arch.bits) - 1
    todo, data, imports = module(judged, one.number, one.value, base)
    with pytest.raises(LinkError) as failure:
        ours(one.arch, data, imports, base)
    said = {"number": one.number, "value": one.value & mask, "place": base + STEP}
    total = todo[1].symbol + todo[1].addend & mask
    assert failure.value.log == tuple(one.text.format(sum=total, **said).split("\n"))
    assert failure.value.errno == ENOEXEC
    where = failure.value.where
    assert (where.section, where.offset, where.address) == (".text", STEP, base + STEP)
    assert (where.relocation, where.symbol) == (one.arch.relocs[one.number].name, "s1")


@pytest.mark.lane
@pytest.mark.parametrize("one", BEYOND)
def test_the_linker_refuses_it_too(one: Beyond, tmp_path: Path) -> None:
    judged = judge(one.arch)
    if one.number in judged.unasked:
        return
    base = judged.bases[1]
    fitting = -4 if one.number == L32R else 0
    for value in (fitting, one.value):
        _, data, imports = module(judged, one.number, value, base)
        words = ld.command(tmp_path, data, [ld.Placing(".text", base, 16)], imports, judged.emulation)
        assert (subprocess.run(words, capture_output=True, check=False).returncode == 0) == (value == fitting)


def test_hexagon_has_a_word_for_symbols_without_names() -> None:
    rows = {1: [Rel(0, 1, 1, 1 << 23)]}
    data = make(HEXAGON, [Part(".text", bytes(STEP))], [Sym("", 0, 1, 3)], rows)
    with pytest.raises(LinkError) as failure:
        ours(HEXAGON, data, {}, 0x4000)
    text = "module: R_HEXAGON_B22_PCREL reloc out of range: 00800000=00804000-00004000 (anonymous)"
    assert failure.value.log == (text,)


UNKNOWN = {
    "arc": "module: unknown relocation: 199",
    "csky": "module module: Unknown relocation: 199",
    "hexagon": "module: unknown relocation: 199",
    "i386": "module: module: Unknown relocation: 199",
    "m68k": "module module: Unknown relocation: 199",
    "microblaze": "module module: Unknown relocation: 199",
    "mips": "module: Unknown relocation type 199",
    "nios2": "module module: Unknown reloc: 199",
    "sh": "module module: Unknown relocation: 199",
    "sparc": "module module: Unknown relocation: c7",
    "x86_64": "module: module: Unknown rela relocation: 199",
    "xtensa": "module: unexpected relocation: 199",
}
PLAIN = [pytest.param(one, id=one.name) for one in JUDGED if one.arch.name in UNKNOWN]


def alone(judged: Judged, number: int, symbol: Sym | None = None, *, rela: bool | None = None) -> bytes:
    """A module with one relocation."""
    parts, rows = [Part(".text", bytes(STEP))], {1: [Rel(0, number, 1)]}
    rela = judged.rela if rela is None else rela
    return make(judged.arch, parts, [symbol or Sym("s")], rows, e_flags=judged.flags, rela=rela)


@pytest.mark.parametrize("judged", PLAIN)
def test_a_number_that_the_kernel_does_not_know(judged: Judged) -> None:
    with pytest.raises(LinkError) as failure:
        ours(judged.arch, alone(judged, 199), {"s": 0}, judged.bases[0])
    assert failure.value.log == (UNKNOWN[judged.arch.name],)
    assert failure.value.errno == (EINVAL if judged.arch.name == "mips" else ENOEXEC)


def test_openrisc_only_logs_what_it_does_not_know() -> None:
    rows = [Rel(0, 0, 1), Rel(4, 199, 1), Rel(8, 1, 1)]
    data = make(OPENRISC, [Part(".text", bytes(STEP))], [Sym("s")], {1: rows})
    told: list[tuple[int, str]] = []
    made = ours(OPENRISC, data, {"s": 0x1234_5678}, 0, report=lambda *line: told.append(line))
    assert made == bytes(8) + b"\x12\x34\x56\x78" + bytes(4)
    assert told == [(3, f"module module: Unknown relocation: {number}") for number in (0, 199)]


@pytest.mark.parametrize(
    ("judged", "numbers", "text", "errno"),
    [
        (judge(HEXAGON), range(36, 39), "module: GOT/PLT relocations unsupported", ENOEXEC),
        (judge(XTENSA), range(21, 35), "module: unexpected FLIX relocation: {}", ENOEXEC),
        (judge(XTENSA_BIG), range(35, 50), "module: unexpected ALT relocation: {}", ENOEXEC),
        (judge(MIPS32), (18, 28, 29), "", EINVAL),
        (judge(MIPS64)._replace(rela=False), (18, 28, 29), "", EINVAL),
    ],
    ids=["hexagon", "xtensa flix", "xtensa alt", "mips 32", "mips 64 REL"],
)
def test_a_number_that_the_kernel_refuses(
    judged: Judged, numbers: Sequence[int], text: str, errno: int
) -> None:
    for number in numbers:
        with pytest.raises(LinkError) as failure:
            ours(judged.arch, alone(judged, number), {"s": 0}, judged.bases[0])
        assert failure.value.log == ((text.format(number),) if text else ())
        assert failure.value.errno == errno


@pytest.mark.parametrize("judged", [pytest.param(one, id=one.name) for one in JUDGED])
def test_the_other_kind_of_relocation_section(judged: Judged) -> None:
    if judged.arch.rel is None and judged.arch.rela is None:
        return
    data = alone(judged, next(iter(judged.arch.relocs)), rela=not judged.rela)
    with pytest.raises(LinkError) as failure:
        ours(judged.arch._replace(frob=None, builder=None), data, {"s": 0}, judged.bases[0])
    assert failure.value.log == ("module module: REL relocation unsupported",)
    assert failure.value.errno == ENOEXEC


@pytest.mark.parametrize("arch", MIPS, ids=lambda arch: f"{arch.bits} {arch.order}")
@pytest.mark.parametrize("value", [-1, -4095])
def test_mips_takes_the_last_values_for_errors(arch: Arch, value: int) -> None:
    judged, value = judge(arch), value & (1 << arch.bits) - 1
    with pytest.raises(LinkError) as failure:
        ours(arch, alone(judged, 2, Sym("s", value, SHN_ABS)), {}, judged.bases[0])
    assert failure.value.log == ("module: Unknown symbol s",)
    assert failure.value.errno == ENOENT
    weak = alone(judged, 2, Sym("s", value, SHN_ABS, WEAK))
    assert ours(arch, weak, {}, judged.bases[0]) == bytes(STEP)
    fine = alone(judged, 2, Sym("s", value - 4096, SHN_ABS))
    assert ours(arch, fine, {}, judged.bases[0]) != bytes(STEP)
