"""Which relocation sections are applied, where the loader stops, and what it says; apply_relocations()."""

from __future__ import annotations

from collections.abc import Callable
from errno import ENOEXEC
from importlib import import_module
from unittest import mock

import pytest

from pymodutils.arch import MODULES
from pymodutils.arch.arm import ARM
from pymodutils.arch.arm64 import ARM64
from pymodutils.arch.historic.nds32 import NDS32
from pymodutils.arch.model import Arch
from pymodutils.arch.reloc import RelocType
from pymodutils.arch.x86 import I386, X86_64
from pymodutils.blank import LARGE
from pymodutils.elf.constants import SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHT_RELA
from pymodutils.link.failure import LinkError, OutOfBounds
from pymodutils.link.frob import frob
from pymodutils.link.image import Image
from pymodutils.link.layout import LayoutConfig, layout
from pymodutils.link.relocate import relocate
from pymodutils.link.symbols import simplify, unheard
from tests.link.modules import load
from tests.link.objects import Part, Rel, Sym, make

A, W, X = SHF_ALLOC, SHF_WRITE, SHF_EXECINSTR
BASE, INIT, PERCPU = 0xFFFF_FFFF_C000_0000, 0xFFFF_FFFF_C010_0000, 0x34000
VALUE = 0x1122_3344
PARTS = [
    Part(".text", bytes(32), A | X, align=16),
    Part(".data..percpu", bytes(16), A | W, align=8),
    Part(".comment", bytes(16), 0),
]
QUAD = {target: [Rel(8, 1, 1, 5)] for target in (1, 2, 3)}  # R_X86_64_64 of the same symbol
GIVEN = (VALUE + 5).to_bytes(8, "little")


def image_of(data: bytes, arch: Arch = X86_64, bases: tuple[int, int] = (BASE, INIT)) -> Image:
    config = LayoutConfig()
    module = frob(load(data, arch), config, "module")
    return Image(module, layout(module, config), bases)


def link(
    image: Image, *, percpu: bool = False, applies: Callable[[int], bool] = lambda _: True, value: int = VALUE
) -> Image:
    values = simplify(image, "module", lambda _: value, unheard, percpu=PERCPU)
    relocate(image, values, "module", percpu=percpu, applies=applies)
    return image


@pytest.mark.parametrize("percpu", [False, True])
def test_per_cpu_data_is_relocated_since_6_16(percpu: bool) -> None:
    """Until then its section has lost SHF_ALLOC when relocations are applied."""
    image = link(image_of(make(X86_64, PARTS, [Sym("s")], QUAD)), percpu=percpu)
    assert bytes(image.section(1))[8:16] == GIVEN
    assert bytes(image.section(2))[8:16] == (GIVEN if percpu else bytes(8))
    assert bytes(image.section(3)) == bytes(16)


def test_a_module_without_per_cpu_data() -> None:
    """Section 0 is none of its sections."""
    data = make(X86_64, PARTS[:1], [Sym("s")], {1: [Rel(8, 1, 1, 5)]})
    headers = int.from_bytes(data[40:48], "little")
    info = headers + 64 * 2 + 44  # sh_info of .rela.text
    assert data[info : info + 4] == (1).to_bytes(4, "little")
    for other in (0, 99):
        spoilt = data[:info] + other.to_bytes(4, "little") + data[info + 4 :]
        assert bytes(link(image_of(spoilt), percpu=True).section(1)) == bytes(32)


def test_a_caller_may_leave_sections_out() -> None:
    asked: list[int] = []
    data = make(X86_64, [PARTS[0], PARTS[0]], [Sym("s")], {1: [Rel(0, 1, 1)], 2: [Rel(0, 1, 1)]})

    def applies(at: int) -> bool:
        asked.append(at)
        return at == 4

    image = link(image_of(data), applies=applies)
    assert asked == [3, 4]
    assert [bytes(image.section(at))[:4] for at in (1, 2)] == [bytes(4), VALUE.to_bytes(4, "little")]


def test_sections_that_overlap_each_other() -> None:
    """A file cannot have more relocations than bytes."""
    rows = {1: [Rel(0, 0, 0)] * 64}
    data = make(X86_64, PARTS[:1], [Sym("s")], rows)
    headers = int.from_bytes(data[40:48], "little")
    own = data[headers + 64 * 2 : headers + 64 * 3]
    size = int.from_bytes(own[32:40], "little")
    count = (len(data) // size + 1) * 2
    spoilt = bytearray(data + own * count)
    spoilt[40:48] = len(data).to_bytes(8, "little")
    moved = data[headers : len(data)] + own * count
    spoilt = bytearray(data) + moved
    spoilt[60:62] = (len(moved) // 64).to_bytes(2, "little")
    with pytest.raises(OutOfBounds, match="its relocation sections overlap each other"):
        link(image_of(bytes(spoilt)))


def test_relocations_of_the_table_of_symbols() -> None:
    data = make(X86_64, PARTS[:1], [Sym("s")], {1: [Rel(0, 1, 1)]})
    headers = int.from_bytes(data[40:48], "little")
    at = headers + 64 * 2 + 44
    spoilt = data[:at] + (3).to_bytes(4, "little") + data[at + 4 :]
    with pytest.raises(OutOfBounds, match=r"\.rela\.text patches the symbols that it uses"):
        link(image_of(spoilt))


def test_relocations_in_memory_are_sorted_there() -> None:
    """arm64 sorts branches by number, symbol and addend, and applies what it has sorted."""
    parts = [Part(".text", (0x9400_0000).to_bytes(4, "little") * 4, A | X, align=16)]
    parts += [Part(".plt"), Part(".init.plt")]
    rows = [Rel(0, 283, 2), Rel(4, 283, 1, 8), Rel(8, 283, 1), Rel(12, 257, 1)]
    data = bytearray(make(ARM64, parts, [Sym("a"), Sym("b")], {1: rows}))
    headers = int.from_bytes(data[40:48], "little")
    assert data[headers + 64 * 4 + 4] == SHT_RELA
    data[headers + 64 * 4 + 8] |= A
    image = image_of(bytes(data), ARM64)
    found = bytes(image.section(4))
    offsets = [int.from_bytes(found[24 * at : 24 * at + 8], "little") for at in range(4)]
    assert offsets[:2] == [8, 4]
    assert sorted(offsets) == [0, 4, 8, 12]
    assert len(found) == 4 * 24


every = (import_module(f"pymodutils.arch.{name}").ARCHS for name in sorted(set(MODULES.values())))
ARCHS = [arch for archs in every for arch in archs]
RELEASE, BYTE = (6, 1), 0xFF
SPACE = 32  # bytes from one place to the next


def ordinary(arch: Arch) -> list[tuple[int, RelocType]]:
    """Rows that any value fits, and that need nothing from the loader."""
    return [
        (number, row)
        for number, row in arch.relocs.items()
        if row.stores and not row.refused and not row.needs_stub and row.since <= RELEASE
        if (arch.bits == 64 and not arch.r_info) or number <= BYTE
        if row.range is None and row.align == 1 and not row.needs and number not in arch.paired
    ]


@pytest.mark.parametrize("arch", ARCHS, ids=lambda arch: f"{arch.name} {arch.bits} {arch.order}")
def test_ordinary_relocations_are_applied_together(arch: Arch) -> None:
    """The slow way, one by one, is for what may be refused."""
    arch = arch._replace(frob=None, builder=None, by_word=None)
    rows = ordinary(arch)
    assert rows
    for some in ([row] * 2 for row in rows):
        _together(arch, some)
    _together(arch, rows)


def _together(arch: Arch, rows: list[tuple[int, RelocType]]) -> None:
    offsets = range(0, SPACE * len(rows), SPACE)
    relocs = [Rel(at, number, 1) for at, (number, _) in zip(offsets, rows, strict=True)]
    last = max(at + row.field.size for at, (_, row) in zip(offsets, rows, strict=True))
    data = make(arch, [Part(".text", bytes(last), align=16)], [Sym("s")], {1: relocs})
    image = image_of(data, arch, (BASE & (1 << arch.bits) - 1, INIT & (1 << arch.bits) - 1))
    with mock.patch("pymodutils.link.apply_exact.apply", side_effect=AssertionError("one by one")):
        link(image, value=0x1230)


TEXT = bytes(16)
BAD = {
    ("arm", "symbol"): "module: section 2 reloc 1: bad relocation sym offset",
    ("arm", "place"): "module: section 2 reloc 1 sym 's': out of bounds relocation, offset 13 size 16",
    ("nds32", "symbol"): "module: bad relocation",
    ("nds32", "place"): "module: out of bounds relocation",
}


@pytest.mark.parametrize(("arch", "number", "room"), [(ARM, 2, 4), (NDS32, 20, 2)], ids=["arm", "nds32"])
@pytest.mark.parametrize("kind", ["symbol", "place"])
def test_machines_that_look_whether_all_is_inside(arch: Arch, number: int, room: int, kind: str) -> None:
    """The last symbol and the last place are; the relocations before are applied, those behind are not."""
    offset = 17 - room
    wrong = Rel(0, number, 3) if kind == "symbol" else Rel(offset, number, 1)
    rows = [Rel(4, number, 1), wrong, Rel(8, number, 1)]
    parts = [Part(".text", TEXT, A | X, align=16)]
    image = image_of(
        make(arch, parts, [Sym("s")], {1: rows}), arch._replace(frob=None, builder=None), (64, 0)
    )
    with pytest.raises(LinkError) as failure:
        link(image)
    assert failure.value.errno == ENOEXEC
    assert failure.value.log[0] == BAD[arch.name, kind]
    assert bytes(image.section(1))[4:12] == VALUE.to_bytes(4, "little") + bytes(4)


def test_a_symbol_just_beyond_the_table_is_not_noticed_by_arm() -> None:
    """It compares with > where >= is meant, and reads what is behind."""
    data = make(ARM, [Part(".text", TEXT, A | X)], [Sym("s")], {1: [Rel(0, 2, 2)]})
    with pytest.raises(OutOfBounds, match=r"\.rel\.text names symbols beyond the table's end"):
        link(image_of(data, ARM._replace(frob=None, builder=None), (64, 0)))


def test_places_beyond_the_section() -> None:
    data = make(X86_64, PARTS[:1], [Sym("s")], {1: [Rel(24, 1, 1), Rel(25, 1, 1)]})
    image = image_of(data)
    with pytest.raises(OutOfBounds, match=r"\.text\+0x19: R_X86_64_64 against s: its section has 32 bytes"):
        link(image)
    assert bytes(image.section(1))[24:] == VALUE.to_bytes(8, "little")


def test_the_kernel_stops_at_the_first_that_it_refuses() -> None:
    data = make(
        X86_64, PARTS[:1], [Sym("s"), Sym("", 0, 1, 3)], {1: [Rel(0, 1, 1), Rel(8, 99, 2), Rel(16, 1, 1)]}
    )
    image = image_of(data)
    with pytest.raises(LinkError) as failure:
        link(image)
    assert failure.value.log == ("module: module: Unknown rela relocation: 99",)
    assert failure.value.where == (".text", 8, BASE + 8, "relocation 99", "")
    assert str(failure.value) == f"module: .text+0x8: relocation 99: {failure.value.log[0]}"
    assert bytes(image.section(1))[:24] == VALUE.to_bytes(8, "little") + bytes(16)


def test_a_large_section_is_copied_as_it_is() -> None:
    content = bytes(range(256)) * (LARGE // 256 + 1)
    for size in (LARGE - 1, LARGE, LARGE + 1):
        image = image_of(make(X86_64, [Part(".data", content[:size], A | W, align=8)], [], {}))
        assert bytes(image.section(1)) == content[:size]


def test_addresses_of_sections_that_are_not_loaded_lie_in_the_file() -> None:
    module = load(make(X86_64, PARTS, [], {}))
    image = Image(module, layout(module, LayoutConfig()), (BASE, INIT), 0x1_0000)
    offset = module.sections[3].sh_offset
    assert image.addresses[3] == 0x1_0000 + offset
    assert Image(module, layout(module, LayoutConfig()), (BASE, INIT)).addresses[3] == offset
    assert image.addresses[1] == BASE
    assert bytes(image.section(3)) == bytes(16)


def test_an_empty_area_has_no_address() -> None:
    module = load(make(I386, [Part(".text", b"x", A | X)], [], {}), I386)
    config = LayoutConfig(kallsyms=False)
    assert Image(module, layout(module, config), (BASE, INIT)).bases == (BASE, 0)
