"""Historic machines: every bit compared with GNU ld, and their loaders' bugs."""

from __future__ import annotations

from errno import ENOEXEC
from pathlib import Path

import pytest

from pymodutils import arch as archs
from pymodutils.arch.historic.blackfin import BLACKFIN
from pymodutils.arch.historic.c6x import C6X
from pymodutils.arch.historic.cris import CRIS
from pymodutils.arch.historic.frv import FRV
from pymodutils.arch.historic.h8300 import DIR24A8, DIR24R8, H8300
from pymodutils.arch.historic.m32r import M32R
from pymodutils.arch.historic.metag import METAG
from pymodutils.arch.historic.mn10300 import MN10300
from pymodutils.arch.historic.nds32 import NDS32
from pymodutils.arch.historic.score import SCORE
from pymodutils.arch.historic.tile import TILEGX, TILEPRO
from pymodutils.arch.historic.v850 import V850
from pymodutils.arch.model import Arch
from pymodutils.link.failure import LinkError
from pymodutils.link.layout import LayoutConfig
from pymodutils.link.relocate import relocate
from pymodutils.link.symbols import simplify, unheard
from tests.arch.cases import STEP, cases, image, ours, plain
from tests.arch.historic import HISTORIC
from tests.arch.linkers import Judged
from tests.arch.test_bits_against_ld import both
from tests.link.objects import Part, Rel, Sym, make

BASE = 0x4000_0000
SCORE_PAIR = [Rel(0, 1, 1), Rel(4, 2, 1)]
PLT = (Part(".plt", bytes(1)), Part(".init.plt", bytes(1)))


@pytest.mark.lane
@pytest.mark.parametrize(
    ("judged", "base"),
    [pytest.param(one, base, id=f"{one.name} {base:#x}") for one in HISTORIC for base in one.bases],
)
def test_every_bit_as_ld(judged: Judged, base: int, tmp_path: Path) -> None:
    todo = cases(judged, base)
    data, imports, wanted = both(judged, base, tmp_path)
    made = ours(judged.arch, data, imports, base, release=judged.release)
    different = [made[at : at + STEP] != wanted[at : at + STEP] for at in range(0, len(made), STEP)]
    assert [case for case, wrong in zip(todo, different, strict=True) if wrong] == []
    assert len(todo) > 9 * len(list(plain(judged)))


@pytest.mark.parametrize("judged", HISTORIC, ids=lambda judged: judged.arch.name)
def test_found_by_their_number_but_no_architecture_of_today(judged: Judged) -> None:
    for machine in judged.arch.machines:
        assert judged.arch in archs.of_machine(machine)
    assert judged.arch.name not in [arch.name for arch in archs.every()]


def text(arch: Arch, row: Rel, value: int, before: bytes = bytes(8), *, rela: bool = True) -> bytes:
    """16 bytes at BASE that began with ``before``, after applying ``row`` to a symbol with ``value``."""
    parts = [Part(".text", before.ljust(STEP, b"\0"), align=16), *(PLT if arch in (V850, METAG) else ())]
    data = make(arch, parts, [Sym("s")], {1: [row]}, rela=rela)
    return ours(arch, data, {"s": value}, BASE, release=(2, 6))


@pytest.mark.parametrize("number", [0, 1, 5, 12])
def test_cris_stores_the_same_for_every_type(number: int) -> None:
    assert text(CRIS, Rel(4, number, 1, 4), 0x1234)[4:8] == (0x1238).to_bytes(4, "little")


def test_cris_has_addends_in_the_places_too() -> None:
    assert text(CRIS, Rel(0, 3, 1), 0x1000, b"\x34\x02\0\0", rela=False)[:4] == b"\x34\x12\0\0"


def test_m32r_goes_forward_only() -> None:
    assert text(M32R, Rel(0, 38, 1, 0), BASE + 0x100, b"\xff")[:4] == b"\xff\0\0\x40"
    with pytest.raises(LinkError) as failure:
        text(M32R, Rel(0, 38, 1, 0), BASE - 4)
    assert failure.value.log == ("module module: relocation overflow: 4294967292",)


def test_m32r_adds() -> None:
    assert text(M32R, Rel(0, 35, 1, 0), 2, b"\xe0\xff\xff\xff")[:4] == b"\xe1\0\0\x01"


def test_h8300_words() -> None:
    assert text(H8300, Rel(1, DIR24R8, 1, 0), 0x1_0002, b"\x5a\xff\xff\xff")[:4] == b"\x5a\x01\x00\x01"
    assert text(H8300, Rel(0, DIR24A8, 0, 5), 0)[:4] == bytes(4)
    with pytest.raises(LinkError) as failure:
        text(H8300, Rel(4, 31, 1, 0), BASE + 0x8006)
    assert failure.value.log == ("module module: relocation offset overflow: 00000004",)


@pytest.mark.parametrize(
    ("arch", "said"),
    [
        (H8300, "module module: RELOCATION unsupported"),
        (V850, "Barf"),
        (MN10300, "module module: RELOCATION unsupported"),
        (BLACKFIN, "module module: .rel unsupported"),
        (TILEGX, "module module: .rel relocation unsupported"),
        (TILEPRO, "module module: .rel relocation unsupported"),
        (C6X, "module module: REL relocation unsupported"),
        (NDS32, "module module: REL relocation unsupported"),
        (FRV, "module module: ADD RELOCATION unsupported"),
    ],
    ids=["h8300", "v850", "mn10300", "blackfin", "tilegx", "tilepro", "c6x", "nds32", "frv"],
)
def test_addends_in_the_places_are_refused(arch: Arch, said: str) -> None:
    with pytest.raises(LinkError) as failure:
        text(arch._replace(frob=None, builder=None), Rel(0, 1, 1), 0, rela=False)
    assert (failure.value.log, failure.value.errno) == ((said,), ENOEXEC)


def test_v850_goes_back_with_two_bits_too_many() -> None:
    assert text(V850, Rel(0, 2, 1, 0), BASE + 0x10000, b"\x80\x07")[:4] == b"\x81\x07\0\0"
    assert text(V850, Rel(0, 2, 1, 0), BASE - 2, b"\x80\x07")[:4] == b"\xbf\xc7\xfe\xff"


def test_v850_goes_far_by_an_entry() -> None:
    parts = [Part(".text", bytes(STEP), align=16), *PLT]
    data = make(V850, parts, [Sym("s")], {1: [Rel(0, 2, 1, 0)]}, rela=True)
    made = image(V850, data, BASE, LayoutConfig(release=(2, 6)))
    relocate(made, simplify(made, "module", {"s": 0x1234_5678}.__getitem__, unheard), "module", unheard)
    assert bytes(made.section(2)) == b"\x21\x06\x78\x56\x34\x12\x61\x00"
    way = made.addresses[2] - BASE
    assert bytes(made.section(1))[:4] == (way >> 16 | (way & 0xFFFF) << 16).to_bytes(4, "little")


@pytest.mark.parametrize(("arch", "name"), [(V850, ".plt.init"), (METAG, ".init.plt")])
def test_plts_need_their_sections(arch: Arch, name: str) -> None:
    data = make(arch, [Part(".text", bytes(STEP), align=16)], [Sym("s")], {1: [Rel(0, 2, 1, 0)]}, rela=True)
    with pytest.raises(LinkError) as failure:
        ours(arch, data, {"s": 0}, BASE, release=(2, 6))
    assert failure.value.log == (f"Module doesn't contain .plt or {name} sections.",)


def test_metag_goes_far_by_one_entry_for_each_target() -> None:
    parts = [Part(".text", bytes(STEP), align=16), *PLT]
    rows = [Rel(0, 4, 1, 0), Rel(4, 4, 1, 0), Rel(8, 4, 2, 0), Rel(12, 2, 1, 0)]
    data = make(METAG, parts, [Sym("far"), Sym("near")], {1: rows}, rela=True)
    made = image(METAG, data, BASE, LayoutConfig(release=(4, 0)))
    worth = {"far": 0x1234_5678, "near": BASE + 0x1000}
    relocate(made, simplify(made, "module", worth.__getitem__, unheard), "module", unheard)
    used, unused = bytes(made.section(2))[:8], bytes(made.section(2))[8:]
    assert used == (0x0200_91A5).to_bytes(4, "little") + (0xAC02_B3C1).to_bytes(4, "little")
    assert unused == bytes(8)  # of the symbol that turned out to be near
    way = made.addresses[2] - BASE
    found = [int.from_bytes(bytes(made.section(1))[at : at + 4], "little") for at in range(0, 16, 4)]
    assert found == [way >> 2 << 5, way - 4 >> 2 << 5, 0xFF8 >> 2 << 5, 0x1234_5678]


@pytest.mark.parametrize("arch", [MN10300, BLACKFIN, METAG, TILEGX, TILEPRO], ids=lambda arch: arch.name)
def test_unknown_numbers_are_refused(arch: Arch) -> None:
    with pytest.raises(LinkError) as failure:
        text(arch, Rel(0, 99, 1, 0), 0)
    assert (failure.value.log, failure.value.errno) == (("module module: Unknown relocation: 99",), ENOEXEC)


def test_tilegx_says_what_is_out_of_range() -> None:
    with pytest.raises(LinkError) as failure:
        text(TILEGX, Rel(0, 48, 1, 0), 1 << 47)
    assert failure.value.log == ("module module: Out of range HW2_LAST value 0x800000000000",)
    with pytest.raises(LinkError) as failure:
        text(TILEGX, Rel(8, 21, 1, 0), 8 + BASE + (1 << 29))
    assert failure.value.log == ("module module: Out of range jump to 0x60000008 at 0x8 (0000000040000008)",)


def test_blackfin_calls_name_their_second_half() -> None:
    assert text(BLACKFIN, Rel(2, 0xA, 1, 0), BASE + 0x24_6800)[:4] == b"\x12\0\x00\x34"


def test_blackfin_calls_do_not_go_back() -> None:
    with pytest.raises(LinkError) as failure:
        text(BLACKFIN, Rel(2, 0xA, 1, 0), BASE - 2)
    assert failure.value.log == ("module module: relocation overflow",)


def test_score_has_its_upper_halves_in_the_instruction_before() -> None:
    """The addend is 0x2_C001: 2 above, 0xC001 below."""
    before = (0x8000_0004).to_bytes(4, "little") + (0x8003_0002).to_bytes(4, "little")
    data = make(
        SCORE, [Part(".text", before.ljust(STEP, b"\0"), align=16)], [Sym("s")], {1: SCORE_PAIR}, rela=False
    )
    found = ours(SCORE, data, {"s": 0x1234_8001}, BASE, release=(2, 6))
    assert found[:4] == (0x8000_0000 | 0x1237 << 1).to_bytes(4, "little")
    assert found[4:8] == (0x8000_0000 | 0x4002 << 1 & 0x7FFF | 0x4002 >> 14 << 16).to_bytes(4, "little")


def test_score_does_not_double_the_addend_of_a_jump() -> None:
    before = (0x8000_0000 | 6 << 1).to_bytes(4, "little")
    found = text(SCORE, Rel(0, 4, 1), 0x1000, before, rela=False)
    assert found[:4] == (0x8000_0000 | (0x1006 >> 1) << 1).to_bytes(4, "little")


def test_metag_leaves_a_branch_with_a_distance() -> None:
    before = (0xA000_0020).to_bytes(4, "little")
    parts = [Part(".text", before + bytes(12), align=16), *PLT]
    data = make(METAG, parts, [Sym("s")], {1: [Rel(0, 4, 1, 0), Rel(4, 4, 1, 0)]}, rela=True)
    told: list[tuple[int, str]] = []
    near = {"s": BASE + 0x20}
    made = ours(METAG, data, near, BASE, release=(4, 0), report=lambda *line: told.append(line))
    assert made[:8] == before + (0x1C >> 2 << 5).to_bytes(4, "little")
    assert told == [(3, "bad relbranch relocation")]


def test_frv_refuses_every_relocation() -> None:
    with pytest.raises(LinkError) as failure:
        text(FRV, Rel(0, 1, 1), 0)
    assert (failure.value.log, failure.value.errno) == (
        ("module module: ADD RELOCATION unsupported",),
        ENOEXEC,
    )
