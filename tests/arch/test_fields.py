"""Fields of instructions that no linker judges in the quick tests, by the manuals of the processors."""

from __future__ import annotations

import pytest

from pymodutils.arch import hexagon, powerpc64, xtensa
from pymodutils.arch.csky import CALL as JSRI_CALL
from pymodutils.arch.csky import CSKY
from pymodutils.arch.ia64 import IA64
from pymodutils.arch.loongarch import LOONGARCH
from pymodutils.arch.model import Arch
from tests.arch.cases import ours
from tests.arch.linkers import JUDGED, LARCH
from tests.arch.types import ARCHS, name
from tests.link.objects import Part, Rel, Sym, make

WORDS = {1, 2, 4, 8}  # bytes
OTHERS = {"ia64": {16}, "xtensa": {3}, "mn10300": {3}}
BASE = 0x4000_0000


@pytest.mark.parametrize("arch", ARCHS, ids=name)
def test_a_place_is_a_word_or_an_instruction(arch: Arch) -> None:
    assert {row.field.size for row in arch.relocs.values()} <= WORDS | OTHERS.get(arch.name, set())


@pytest.mark.parametrize(
    ("first", "second", "value", "after"),
    [
        (0xE84C_0000, 0x7C42_6214, 0x1234_5678, "3c4c1234 38425678"),
        (0xE84C_0008, 0x7C42_6214, 0x1234_5678, "3c4c1234 38425678"),  # any displacement of the ld
        (0xE84C_FFFC, 0x7C42_6214, 0x1234_8000, "3c4c1235 38428000"),
        (0xE84C_0000, 0x7C42_6214, -0x8000_8000, "3c4c8000 38428000"),
        (0xE84C_0000, 0x7C42_6214, 0x7FFF_7FFF, "3c4c7fff 38427fff"),
        (0xE84C_0000, 0x7C42_6214, 0x7FFF_8000, ""),
        (0xE84C_0000, 0x7C42_6214, -0x8000_8001, ""),
        (0xE84C_0001, 0x7C42_6214, 0x1234_5678, ""),  # ldu
        (0xE84C_0002, 0x7C42_6214, 0x1234_5678, ""),  # lwa
        (0xE84D_0000, 0x7C42_6214, 0x1234_5678, ""),  # by r13
        (0xE84C_0000, 0x7C42_6215, 0x1234_5678, ""),  # add.
    ],
)
def test_prologues_of_powerpc64(first: int, second: int, value: int, after: str) -> None:
    """Ld 2,x(12); add 2,2,12 becomes addis 2,12; addi 2,2 where the TOC is within reach."""
    word = powerpc64.PROLOGUE.put(second << 32 | first, value)
    expected = [int(part, 16) for part in after.split()] or [first, second]
    assert [word & 0xFFFF_FFFF, word >> 32] == expected


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        (xtensa.CALL, 4, 0x50_0001),  # op0, n, 18 bits
        (xtensa.CALL, -4, 0x53_FFFF),
        (xtensa.CALL, 0x7_FFFC, 0x51_FFFF),
        (xtensa.L32R, -4, 0x1A_FFFF),  # op0, t, 16 bits
        (xtensa.L32R, -0x4_0000, 0x1A_0000),
    ],
)
def test_big_endian_instructions_of_xtensa(field: int, value: int, word: int) -> None:
    row = xtensa.XTENSA_BIG.relocs[field]
    before = {xtensa.CALL: 0x50_0000, xtensa.L32R: 0x1A_0000}[field]
    place = 13 if field == xtensa.CALL else 12  # the last three bytes of the section
    base = (place & ~3) + 4 if field == xtensa.CALL else 12
    text = bytes(place) + before.to_bytes(3, "big") + bytes(13 - place)
    data = make(xtensa.XTENSA_BIG, [Part(".text", text, align=16)], [Sym("s")], {1: [Rel(place, 20, 1)]})
    made = ours(xtensa.XTENSA_BIG, data, {"s": BASE + base + value & 0xFFFF_FFFF}, BASE)
    assert int.from_bytes(made[place : place + 3], "big") == word
    assert row.field.size == 3


@pytest.mark.parametrize(
    ("value", "word"), [(4, 4), (0x3FFF, 0x3FFF), (0x4000, 1 << 16), (-4, 0x1FF_3FFC), (0x40_0000, 1 << 24)]
)
def test_branches_of_hexagon(value: int, word: int) -> None:
    """New = (value & 0x3fff) | (value << 2 & 0x01ff0000), as the loader has it."""
    assert hexagon.BRANCH.put(0, value) == word
    assert hexagon.BRANCH.put(0xFE00_C000, value) == word | 0xFE00_C000


POPS = {  # R_LARCH_SOP_POP_32_*: the value, and the bits that an instruction gets
    39: {0xFFF: 0xFFF << 10, 1: 1 << 10},  # ui12 of ori
    40: {-1: 0xFFF << 10, 0x7FF: 0x7FF << 10},  # si12 of addi.d
    41: {-1: 0xFFFF << 10, 0x7FFF: 0x7FFF << 10},  # si16 of addu16i.d
    42: {-4: 0xFFFF << 10, 4: 1 << 10, 0x1_FFFC: 0x7FFF << 10},  # offs16 of beq
    43: {-1: 0xF_FFFF << 5, 1: 1 << 5},  # si20 of lu12i.w
    44: {-4: 0xFFFF << 10 | 0x1F, 4: 1 << 10, 1 << 18: 1, 0x3F_FFFC: 0xFFFF << 10 | 0xF},  # offs21 of beqz
    45: {-4: 0x3FF_FFFF, 4: 1 << 10, 1 << 18: 1, 0x7FF_FFFC: 0xFFFF << 10 | 0x1FF},  # offs26 of b
    46: {0xFFFF_FFFF: 0xFFFF_FFFF, 5: 5},
}


def loongarch(rows: list[tuple[int, int]], release: tuple[int, int] = (6, 1)) -> int:
    """The instruction at BASE + 8 after relocations of the given numbers and symbols' values."""
    symbols = [Sym(f"s{at}") for at in range(len(rows))]
    relocs = [Rel(8, number, at + 1) for at, (number, _) in enumerate(rows)]
    data = make(LOONGARCH, [Part(".text", bytes(16), align=16), *LARCH], symbols, {1: relocs}, e_flags=0x43)
    imports = {f"s{at}": value & (1 << 64) - 1 for at, (_, value) in enumerate(rows)}
    # the loader sorts by symbol, so symbols are in the order of the relocations
    return int.from_bytes(ours(LOONGARCH, data, imports, BASE, release=release)[8:12], "little")


PUSH, PUSH_PCREL, DUP, SUB, SL, SR, ADD, AND, IF_ELSE, POP = 23, 22, 24, 32, 33, 34, 35, 36, 37, 46


@pytest.mark.parametrize(("number", "value"), [(number, value) for number in POPS for value in POPS[number]])
def test_values_that_loongarch_pops(number: int, value: int) -> None:
    # the last values of all are error numbers for the loader: they are made by a subtraction
    assert (
        loongarch([(PUSH, value + 0x1_0000_0000), (PUSH, 0x1_0000_0000), (SUB, 0), (number, 0)])
        == (POPS[number][value])
    )


@pytest.mark.parametrize(
    ("rows", "value"),
    [
        ([(PUSH_PCREL, BASE + 0x108)], 0x100),
        ([(PUSH, 7), (DUP, 0), (ADD, 0)], 14),
        ([(PUSH, 7), (PUSH, 5), (SUB, 0)], 2),
        ([(PUSH, 3), (PUSH, 4), (SL, 0)], 48),
        ([(PUSH, 3), (PUSH, 68), (SL, 0)], 48),  # by 64 less
        ([(PUSH, 48), (PUSH, 4), (SR, 0)], 3),
        ([(PUSH, 48), (PUSH, 68), (SR, 0)], 3),
        ([(PUSH, 6), (PUSH, 12), (AND, 0)], 4),
        ([(PUSH, 1), (PUSH, 5), (PUSH, 9), (IF_ELSE, 0)], 5),
        ([(PUSH, 0), (PUSH, 5), (PUSH, 9), (IF_ELSE, 0)], 9),
        ([(PUSH, at) for at in range(16)] + [(ADD, 0)] * 15, 120),  # RELA_STACK_DEPTH
    ],
)
def test_the_stack_of_loongarch(rows: list[tuple[int, int]], value: int) -> None:
    assert loongarch([*rows, (POP, 0)]) == value


JSRI, NOP, BSR = b"\xe0\xea\x07\x00", b"\x00\xc4\x20\x48", b"\x00\xe0\x34\x12"


@pytest.mark.parametrize(("core", "insns"), [("y", b"\x9a\xea\x07\x00\xfa\xe8\x00\x00"), ("n", JSRI + NOP)])
def test_calls_of_the_ck810(core: str, insns: bytes) -> None:
    """Jsri and nop become lrw r26 of the same literal and jsr r26; a bsr stays, and what is no call."""
    text = JSRI + NOP + BSR + NOP + JSRI + NOP
    calls = [Rel(0, JSRI_CALL, 1), Rel(8, JSRI_CALL, 1), Rel(16, 6, 1)]
    data = make(CSKY, [Part(".text", text, align=4)], [Sym("s")], {1: calls})
    assert ours(CSKY, data, {"s": 0x8000_0000}, 0, {"CPU_CK810": core}) == insns + text[8:]


@pytest.mark.parametrize(("number", "size"), [(0x65, 4), (0x67, 8)])
def test_offsets_in_sections_of_ia64(number: int, size: int) -> None:
    """R_IA64_SECREL32LSB and 64LSB: S + A less the address of the section, here that of the place."""
    judged = next(one for one in JUDGED if one.slots)
    data = make(IA64, [Part(".text", bytes(32)), *judged.parts], [Sym("s")], {1: [Rel(8, number, 1, 3)]})
    made = ours(IA64, data, {"s": BASE + 0x1234}, BASE)
    assert made[8 : 8 + size] == 0x1237.to_bytes(size, "little")
