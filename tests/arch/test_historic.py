"""Machines of the past: every bit as GNU ld has it, and the faults of their loaders."""

from __future__ import annotations

from errno import ENOEXEC
from pathlib import Path

import pytest

from pymodutils import arch as archs
from pymodutils.arch.historic.cris import CRIS
from pymodutils.arch.historic.h8300 import DIR24A8, DIR24R8, H8300
from pymodutils.arch.historic.m32r import M32R
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
    """Sixteen bytes at BASE that begin with ``before``, once ``row`` is applied to a symbol of ``value``."""
    parts = [Part(".text", before.ljust(STEP, b"\0"), align=16), *(PLT if arch is V850 else ())]
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
    [(H8300, "module module: RELOCATION unsupported"), (V850, "Barf")],
    ids=["h8300", "v850"],
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


def test_v850_needs_its_sections() -> None:
    data = make(V850, [Part(".text", bytes(STEP), align=16)], [Sym("s")], {1: [Rel(0, 2, 1, 0)]}, rela=True)
    with pytest.raises(LinkError) as failure:
        ours(V850, data, {"s": 0}, BASE, release=(2, 6))
    assert failure.value.log == ("Module doesn't contain .plt or .plt.init sections.",)
