"""Historic machines with two byte orders, c6x and nds32."""

from __future__ import annotations

from errno import ENOEXEC

import pytest

from pymodutils.arch.historic.c6x import C6X, C6X_BIG
from pymodutils.arch.historic.nds32 import NDS32, NDS32_BIG
from pymodutils.arch.model import Arch
from pymodutils.link.failure import LinkError
from tests.arch.cases import STEP, ours
from tests.arch.test_historic import BASE, text
from tests.link.objects import Part, Rel, Sym, make


@pytest.mark.parametrize(
    ("number", "bits", "way"), [(4, 21, 1 << 22), (5, 12, -(1 << 13) - 4), (6, 10, 1 << 11)]
)
def test_c6x_branches_count_from_the_fetch_packet(number: int, bits: int, way: int) -> None:
    row = C6X.relocs[number]
    for arch in (C6X, C6X_BIG):
        made = text(arch, Rel(8, number, 1, 0), BASE + 0x40)
        assert made[8:12] == row.field.put(0, 0x40).to_bytes(4, arch.order)
    with pytest.raises(LinkError) as failure:
        text(C6X, Rel(8, number, 1, 4), BASE + way - 4)
    said = f"PCR_S{bits} reloc {BASE + 8:08x} -> {BASE + way:08x} out of range!"
    assert (failure.value.log, failure.value.errno) == ((said,), ENOEXEC)


@pytest.mark.parametrize("arch", [NDS32, NDS32_BIG], ids=["little", "big"])
def test_nds32_has_instructions_in_one_order(arch: Arch) -> None:
    assert text(arch, Rel(0, 20, 1, 0), 0x1234_5678)[:4] == (0x1234_5678).to_bytes(4, arch.order)
    assert text(arch, Rel(0, 26, 1, 0), 0x1234_5678, b"\x46\xff\xff\xff")[:4] == b"\x46\xf1\x23\x45"
    assert text(arch, Rel(0, 28, 1, 0), 0x1234_5678, b"\xff\xff\xff\xff")[:4] == b"\xff\xff\xf1\x9e"


def test_nds32_logs_what_it_does_not_know_and_goes_on() -> None:
    rows = [Rel(0, 19, 1), Rel(4, 31, 1), Rel(8, 20, 1)]
    data = make(NDS32, [Part(".text", bytes(STEP), align=16)], [Sym("s")], {1: rows}, rela=True)
    told: list[tuple[int, str]] = []
    made = ours(NDS32, data, {"s": 7}, BASE, release=(5, 10), report=lambda *line: told.append(line))
    assert made == bytes(8) + b"\7" + bytes(7)
    small = (
        "Small data section access doesn't work in the kernel space; please rebuild the kernel module with "
    )
    assert [line for _, line in told] == [
        "module: unsupported relocation type 19.",
        "section 2 reloc 0 offset 0x0 size 16",
        "module: unsupported relocation type 31.",
        f"{small}gcc option -mcmodel=large.",
        "section 2 reloc 1 offset 0x4 size 16",
    ]


def test_nds32_branches_in_reach_only() -> None:
    with pytest.raises(LinkError) as failure:
        text(NDS32, Rel(2, 22, 1, 0), BASE + 0x102)
    assert failure.value.log == (
        "",
        "module: relocation type 22 out of range.",
        'please rebuild the kernel module with gcc option "-Wa,-mno-small-text".',
        "section 2 reloc 0 offset 0x2 relative 0x100.",
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (Rel(0, 20, 9), ("module: bad relocation", "section 2 reloc 0")),
        (Rel(15, 22, 1), ("module: out of bounds relocation", "section 2 reloc 0 offset 0xf size 16")),
    ],
)
def test_nds32_names_what_lies_outside(row: Rel, said: tuple[str, ...]) -> None:
    with pytest.raises(LinkError) as failure:
        text(NDS32, row, 0)
    assert (failure.value.log, failure.value.errno) == (said, ENOEXEC)
