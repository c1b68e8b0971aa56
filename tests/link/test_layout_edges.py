"""Layouts at the edges: areas of other machines and releases, small data, overflows; layout_sections()."""

from __future__ import annotations

from errno import ENOMEM

import pytest

from pymodutils.arch.ia64 import IA64
from pymodutils.arch.model import Arch
from pymodutils.arch.x86 import I386, X86_64
from pymodutils.elf.constants import SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHT_NOBITS
from pymodutils.link.areas import DATA_APART, SEVEN_AREAS, TWO_AREAS, Plan
from pymodutils.link.failure import NoMemory, OutOfBounds
from pymodutils.link.layout import LIMIT, Layout, LayoutConfig, align, layout
from pymodutils.link.object import THIS_MODULE
from tests.link.modules import load
from tests.link.objects import Part, make
from tests.link.test_layout import STRTAB, SYMBOLS, SYMTAB, module, places

A, W, X = SHF_ALLOC, SHF_WRITE, SHF_EXECINSTR
SMALL = 0x1000_0000  # SHF_IA_64_SHORT
PAGE = 0x1000
LEFT = len("\0run\0table\0own\0")  # of the names


def laid(parts: list[Part], config: LayoutConfig | None = None, arch: Arch = X86_64) -> Layout:
    return layout(load(make(arch, parts, SYMBOLS[:1], {}), arch), config or LayoutConfig())


def offsets(found: Layout) -> list[tuple[int, int] | None]:
    """The places of the sections from 1 on."""
    return [tuple(place) if place else None for place in found.placed[1:]]  # type: ignore[misc]


def test_data_apart() -> None:
    """ARCH_WANTS_MODULES_DATA_IN_VMALLOC: text alone in core, what init leaves in one area."""
    found = layout(module(), LayoutConfig(DATA_APART))
    assert places(found) == {
        ".text": (0, 0),
        ".exit.text": (0, 0x21),
        ".rodata": (2, 0),
        ".data..ro_after_init": (2, 0x1000),
        ".data": (2, 0x2000),
        ".bss": (2, 0x2020),
        ".init.text": (1, 0),
        ".init.data": (1, 0x1000),
        ".symtab": (1, 0x2000),
        ".strtab": (1, 0x2000 + SYMTAB),
    }
    assert found.sizes == (0x1000, 0x3000, 0x4000)
    assert found.rounds == (
        (0x1000,),
        (0x1000, 0x1000, 0x1000, 0x1006, 0x2000),
        (0x1000, 0x2000, 0x2020, 0x3000),
    )
    assert (found.coresize, found.initsize) == (0x5000, 0x3000)


def test_where_protection_changes() -> None:
    assert layout(module(), LayoutConfig()).rounds == (
        (0x1000, 0x2000, 0x3000, 0x3020, 0x4000),
        (0x1000, 0x1000, 0x1000, 0x1006, 0x2000),
    )
    assert layout(module(), LayoutConfig(strict_rwx=False)).rounds == (
        (0x24, 0x2B, 0x39, 0x60, 0x60),
        (5, 5, 5, 12, 12),
    )
    seven = layout(module(), LayoutConfig(SEVEN_AREAS))
    assert seven.rounds == ((0x24,), (0x20, 0x20), (7,), (9,), (5,), (6, 6), (0,))


@pytest.mark.parametrize("page", [0x1000, 0x4000])
def test_tables_of_symbols_behind_the_data(page: int) -> None:
    found = layout(module(), LayoutConfig(page=page))
    tail = found.tail
    assert tail
    assert (tail.area, tail.init_area) == (0, 1)
    assert (tail.symbols, tail.strings, tail.types) == (
        4 * page,
        4 * page + 4 * 24,
        4 * page + 4 * 24 + LEFT,
    )
    names = 2 * page + SYMTAB + STRTAB
    assert tail.kallsyms == names + -names % 8
    assert tail.init_types == tail.kallsyms + 32  # struct mod_kallsyms
    assert found.sizes == (5 * page, 3 * page)


def test_tables_of_symbols_of_seven_areas() -> None:
    """In MOD_DATA and MOD_INIT_DATA."""
    tail = layout(module(), LayoutConfig(SEVEN_AREAS)).tail
    assert tail
    assert (tail.area, tail.init_area, tail.symbols) == (1, 5, 0x20)


@pytest.mark.parametrize("plan", [TWO_AREAS, DATA_APART], ids=["two areas", "data apart"])
def test_pages_of_what_init_leaves(plan: Plan) -> None:
    """Code, read-only data, all data: what is read-only after init() is data there."""
    kinds = ((".text", A | X), (".rodata", A), (".data..ro_after_init", A | W), (".data", A | W))
    parts = [Part(f".init{name}", bytes(8), flags, align=8) for name, flags in kinds]
    assert offsets(laid(parts, LayoutConfig(plan)))[:4] == [
        (1, 0),
        (1, PAGE),
        (1, 2 * PAGE),
        (1, 2 * PAGE + 8),
    ]


def test_a_livepatch_keeps_all_symbols() -> None:
    tail = layout(module(), LayoutConfig(), livepatch=True).tail
    assert tail
    assert list(tail.kept) == list(range(len(SYMBOLS) + 1))


def test_a_kernel_without_kallsyms_loads_no_symbols() -> None:
    found = layout(module(), LayoutConfig(kallsyms=False))
    assert found.tail is None
    assert ".symtab" not in places(found)
    assert found.sizes == (0x4000, 0x2000)


def test_small_data_comes_last() -> None:
    """ARCH_SHF_SMALL: in no round but the last."""
    parts = [
        Part(".sdata", bytes(8), A | W | SMALL, align=8),
        Part(".srdata", bytes(8), A | SMALL, align=8),
        Part(".text", bytes(16), A | X, align=16),
        Part(".data", bytes(8), A | W, align=8),
        Part(".sbss", b"", A | W | SMALL, SHT_NOBITS, align=8, size=8),
        Part(".rodata", bytes(8), A, align=8),
    ]
    parts += [part._replace(name=f".init{part.name}") for part in parts]
    found = laid(parts, LayoutConfig(strict_rwx=False), IA64)
    assert offsets(found)[6:12] == [(1, 32), (1, 40), (1, 0), (1, 24), (1, 48), (1, 16)]
    assert offsets(found)[:6] == [(0, 32), (0, 40), (0, 0), (0, 24), (0, 48), (0, 16)]
    seven = laid(parts, LayoutConfig(SEVEN_AREAS), IA64)
    assert offsets(seven)[:6] == [(1, 8), (1, 16), (0, 0), (1, 0), (1, 24), (2, 0)]
    assert offsets(seven)[6:12] == [(5, 8), (5, 16), (4, 0), (5, 0), (5, 24), (6, 0)]
    plain = laid(parts, LayoutConfig(strict_rwx=False))  # another machine's flag
    assert offsets(plain)[:6] == [(0, 32), (0, 16), (0, 0), (0, 40), (0, 48), (0, 24)]


@pytest.mark.parametrize(
    ("release", "found"),
    [((6, 14), [(0, PAGE), (0, PAGE + 8), (0, 0)]), ((6, 15), [(0, PAGE), (0, 0), (0, 8)])],
)
def test_static_calls_are_read_only_after_init_since_6_15(
    release: tuple[int, int], found: list[tuple[int, int]]
) -> None:
    names = (".data", ".static_call_sites", "__jump_table")
    parts = [Part(name, bytes(8), A | W, align=8) for name in names]
    assert offsets(laid(parts, LayoutConfig(release=release)))[:3] == found


@pytest.mark.parametrize(
    ("offset", "to", "aligned"),
    [
        (0, 8, 0), (1, 8, 8), (8, 8, 8), (9, 8, 16), (5, 0, 5), (5, 1, 5),
        (5, 3, 5), (6, 3, 8), (0xFFFF_FFF9, 8, 0), (4, 1 << 32, 0), (4, (1 << 32) + 8, 8),
    ],
)  # fmt: skip
def test_alignment_has_the_kernels_arithmetic(offset: int, to: int, aligned: int) -> None:
    """ALIGN() of unsigned int: (x + a - 1) & ~(a - 1)."""
    assert align(offset, to) == aligned


def test_the_largest_module() -> None:
    """4 pages without .bss, with the symbols behind."""

    def of(size: int) -> Layout:
        return laid([Part(".bss", b"", A | W, SHT_NOBITS, align=8, size=size)])

    spare = sum(of(PAGE).sizes) - PAGE
    assert sum(of(LIMIT - spare).sizes) == LIMIT
    with pytest.raises(NoMemory) as failure:
        of(LIMIT - spare + 1)
    assert failure.value.errno == ENOMEM
    assert str(failure.value) == f"module: {LIMIT + PAGE} bytes are more than there is room for"


def test_sections_beyond_their_area_are_refused() -> None:
    """A size of more than 4 GB wraps, for the size of an area is an unsigned int."""
    wraps = Part(".bss", b"", A | W, SHT_NOBITS, align=1, size=(1 << 32) - 16)
    parts = [Part(".data", bytes(32), A | W, align=1), wraps]
    with pytest.raises(OutOfBounds, match=r"section \.data would lie outside the module's memory"):
        laid(parts, LayoutConfig(strict_rwx=False, kallsyms=False))
    fits = wraps._replace(size=1 << 32)  # to the byte
    laid([parts[0], fits], LayoutConfig(strict_rwx=False, kallsyms=False))


def test_struct_module_is_writable_and_alone() -> None:
    own = Part(THIS_MODULE, bytes(64), A)
    with pytest.raises(OutOfBounds, match="struct module is not writable"):
        laid([own])
    own = own._replace(flags=A | W, align=1)
    wraps = Part(".bss", b"", A | W, SHT_NOBITS, align=1, size=(1 << 32) - 32)
    plain = LayoutConfig(strict_rwx=False, kallsyms=False)
    with pytest.raises(OutOfBounds, match=r"section \.data lies on struct module"):
        laid([own, wraps, Part(".data", bytes(64), A | W, align=1)], plain)
    beside = [Part(".data", bytes(64), A | W, align=1), own, Part(".text", bytes(64), A | X, align=1)]
    assert offsets(laid(beside, plain))[:3] == [(0, 64), (0, 128), (0, 0)]


def test_words_of_32_bits_align_their_table_to_4() -> None:
    tail = laid([Part(".text", bytes(1), A | X)], LayoutConfig(strict_rwx=False), I386).tail
    assert tail
    end = 2 * 16 + len("\0run\0")
    assert (tail.kallsyms, tail.init_types) == (end + -end % 4, end + -end % 4 + 16)


def test_a_second_section_of_a_name_is_an_ordinary_one() -> None:
    """find_sec() finds the first: only that is the per-CPU section."""
    percpu = Part(".data..percpu", bytes(8), A | W, align=8)
    found = laid([Part(".data..percpu", bytes(8), 0), percpu, percpu])
    assert found.percpu == 2
    assert offsets(found)[:3] == [None, None, (0, 0)]
