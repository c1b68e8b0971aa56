"""The layout of a module with every kind of section, worked out by hand."""

from __future__ import annotations

import errno
from struct import pack

import pytest

from pymodutils.arch.x86 import I386, X86_64
from pymodutils.elf.constants import SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHT_NOBITS
from pymodutils.link.areas import SEVEN_AREAS, TWO_AREAS
from pymodutils.link.failure import LinkError
from pymodutils.link.layout import LIMIT, Layout, LayoutConfig, Placed, layout
from pymodutils.link.object import THIS_MODULE, Object
from tests.link.modules import load
from tests.link.objects import Part, Sym, make

A, W, X = SHF_ALLOC, SHF_WRITE, SHF_EXECINSTR
FUNCTION = 0x12
PARTS = [  # 1 and on
    Part(".data", bytes(0x11), A | W, align=8),
    Part(".text", bytes(0x21), A | X, align=16),
    Part(".init.text", bytes(5), A | X, align=1),
    Part(".rodata", bytes(7), A, align=4),
    Part(".data..ro_after_init", bytes(9), A | W, align=8),
    Part(".exit.text", bytes(3), A | X, align=1),
    Part("__versions", bytes(64), A, align=8),
    Part(".modinfo", bytes(10), A, align=1),
    Part(".data..percpu", bytes(8), A | W, align=8),
    Part(".bss", b"", A | W, SHT_NOBITS, align=32, size=0),
    Part(".init.data", bytes(6), A | W, align=2),
    Part(".comment", bytes(20), 0),
]
SYMBOLS = [
    Sym("run", 0, 2, FUNCTION),
    Sym("table", 0, 1),
    Sym("start", 0, 3, FUNCTION),
    Sym("own", 0, 9),
    Sym("import"),
]
SYMTAB, STRTAB = 6 * 24, len("\0run\0table\0start\0own\0import\0")
KEPT = {True: 4, False: 2}  # with KALLSYMS_ALL: "", run, table, own; else "", run
NAMES = {True: len("\0run\0table\0own\0"), False: len("\0run\0")}


def module() -> Object:
    return load(make(X86_64, PARTS, SYMBOLS, {}))


def places(found: Layout) -> dict[str, Placed]:
    named = zip(module().sections, found.placed, strict=True)
    return {section.name: placed for section, placed in named if placed}


def test_strict_rwx_begins_a_page_wherever_protection_changes() -> None:
    found = layout(module(), LayoutConfig())
    assert places(found) == {
        ".text": (0, 0),
        ".exit.text": (0, 0x21),
        ".rodata": (0, 0x1000),
        ".data..ro_after_init": (0, 0x2000),
        ".data": (0, 0x3000),
        ".bss": (0, 0x3020),  # empty, and yet it has an address
        ".init.text": (1, 0),
        ".init.data": (1, 0x1000),
        ".symtab": (1, 0x2000),
        ".strtab": (1, 0x2000 + SYMTAB),
    }
    assert (found.coresize, found.initsize) == (0x5000, 0x3000)
    assert found.tail is not None
    assert found.tail.kept == (0, 1, 2, 4)


@pytest.mark.parametrize("everything", [True, False])
def test_without_strict_rwx_everything_is_packed(everything: bool) -> None:
    found = layout(module(), LayoutConfig(strict_rwx=False, kallsyms_all=everything))
    assert places(found) == {
        ".text": (0, 0),
        ".exit.text": (0, 0x21),
        ".rodata": (0, 0x24),
        ".data..ro_after_init": (0, 0x30),
        ".data": (0, 0x40),
        ".bss": (0, 0x60),
        ".init.text": (1, 0),
        ".init.data": (1, 6),
        ".symtab": (1, 0x10),
        ".strtab": (1, 0x10 + SYMTAB),
    }
    count = KEPT[everything]
    assert found.coresize == 0x60 + 24 * count + NAMES[everything] + count
    start = 0x10 + SYMTAB + STRTAB
    assert found.initsize == start + -start % 8 + 32 + len(SYMBOLS) + 1


def test_seven_areas_of_whole_pages() -> None:
    found = layout(module(), LayoutConfig(SEVEN_AREAS))
    assert places(found) == {
        ".text": (0, 0),
        ".exit.text": (0, 0x21),
        ".data": (1, 0),
        ".bss": (1, 0x20),
        ".rodata": (2, 0),
        ".data..ro_after_init": (3, 0),
        ".init.text": (4, 0),
        ".init.data": (5, 0),
        ".symtab": (5, 8),
        ".strtab": (5, 8 + SYMTAB),
    }
    assert found.sizes == (0x1000, 0x1000, 0x1000, 0x1000, 0x1000, 0x1000, 0)
    assert (found.coresize, found.initsize) == (0x4000, 0x2000)


def test_uniprocessor_kernels_know_no_per_cpu_section() -> None:
    assert ".data..percpu" in places(layout(module(), LayoutConfig(smp=False)))


def test_exit_goes_with_init_where_modules_cannot_be_unloaded() -> None:
    assert places(layout(module(), LayoutConfig(unload=False)))[".exit.text"] == (1, 5)


def test_versions_are_loaded_if_they_are_not_looked_at() -> None:
    found = layout(module(), LayoutConfig(TWO_AREAS), unloaded=(".modinfo",))
    assert places(found)["__versions"] == (0, 0x1008)


def test_a_huge_bss_is_refused_before_memory_is_taken() -> None:
    parts = [*PARTS, Part(".huge", b"", A | W, SHT_NOBITS, size=LIMIT)]
    with pytest.raises(LinkError) as failure:
        layout(load(make(X86_64, parts, SYMBOLS, {})), LayoutConfig())
    assert failure.value.errno == errno.ENOMEM


def test_symbols_of_32_bits() -> None:
    """Elf32_Sym has 16 bytes, as struct mod_kallsyms, which is aligned to 4; the letters follow it."""
    found = layout(load(make(I386, PARTS, SYMBOLS, {}), I386), LayoutConfig(strict_rwx=False))
    start = 0x10 + 16 * (len(SYMBOLS) + 1) + STRTAB
    assert found.initsize == start + -start % 4 + 16 + len(SYMBOLS) + 1
    assert found.coresize == 0x60 + 16 * KEPT[True] + NAMES[True] + KEPT[True]


@pytest.mark.parametrize(
    ("offset", "size", "apart"),
    [(-8, 8, True), (-8, 9, False), (0, 1, False), (63, 1, False), (64, 8, True), (-8, 80, False)],
)
def test_no_section_lies_on_struct_module_in_the_file(offset: int, size: int, apart: bool) -> None:
    """The loader changes it in the file before it copies the others."""
    parts = [
        Part(".text", bytes(64), A | X),
        Part(".data", bytes(80), A | W),
        Part(THIS_MODULE, bytes(64), A | W),
    ]
    data = bytearray(make(X86_64, parts, SYMBOLS[:1], {}))
    headers = int.from_bytes(data[40:48], "little")  # e_shoff
    own = int.from_bytes(data[headers + 3 * 64 + 24 :][:8], "little")  # sh_offset of the third
    data[headers + 2 * 64 + 24 : headers + 2 * 64 + 40] = pack("<QQ", own + offset, size)
    if apart:
        assert checked(load(bytes(data)))
        return
    with pytest.raises(LinkError, match=r"section \.data lies on struct module"):
        checked(load(bytes(data)))


def checked(module: Object) -> Layout:
    return layout(module, LayoutConfig())
