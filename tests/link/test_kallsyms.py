"""Letters of symbols in /proc/kallsyms, as elf_type() of kernel/module/kallsyms.c has them; nm(1)."""

from __future__ import annotations

from struct import unpack_from

import pytest

from pymodutils.arch.ia64 import IA64
from pymodutils.arch.x86 import X86_64
from pymodutils.elf.constants import SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHT_NOBITS
from pymodutils.link import kallsyms
from pymodutils.link.failure import OutOfBounds
from pymodutils.link.image import Image
from pymodutils.link.layout import LayoutConfig, layout
from tests.link.modules import load
from tests.link.objects import Part, Sym, make

A, W, X, SMALL = SHF_ALLOC, SHF_WRITE, SHF_EXECINSTR, 0x1000_0000  # SHF_IA_64_SHORT
LOCAL, GLOBAL, WEAK = 0x00, 0x10, 0x20
OBJECT, FUNCTION, SECTION = 1, 2, 3
UNDEF, LORESERVE, ABS, COMMON = 0, 0xFF00, 0xFFF1, 0xFFF2
PARTS = [  # 1 and on
    Part(".text", bytes(16), A | X),
    Part(".text.writable", bytes(16), A | W | X),
    Part(".rodata", bytes(16), A),
    Part(".data", bytes(16), A | W),
    Part(".bss", b"", A | W, SHT_NOBITS, size=16),
    Part(".debug_info", bytes(16), 0),
    Part(".comment", bytes(16), 0),
    Part(".data..percpu", bytes(16), A | W),
    Part(".sdata", bytes(16), A | W | SMALL),
    Part(".sbss", b"", A | W | SMALL, SHT_NOBITS, size=16),
]
SYMBOLS = [Sym("run", 4, 1, GLOBAL | FUNCTION), Sym("import"), Sym("table", 8, 4, LOCAL | OBJECT)]
BASES = 0xFFFF_FFFF_C000_0000, 0xFFFF_FFFF_C010_0000


@pytest.fixture
def image() -> Image:
    module = load(make(X86_64, PARTS, SYMBOLS, {}))
    return Image(module, layout(module, LayoutConfig()), BASES)


@pytest.mark.parametrize(
    ("info", "where", "letter"),
    [
        (GLOBAL | FUNCTION, 1, "t"),
        (LOCAL | FUNCTION, 2, "t"),
        (LOCAL | SECTION, 3, "r"),
        (GLOBAL | OBJECT, 4, "d"),
        (GLOBAL | OBJECT, 5, "b"),
        (LOCAL, 6, "n"),
        (LOCAL, 7, "?"),
        (GLOBAL | OBJECT, 8, "a"),  # per-CPU
        (GLOBAL | OBJECT, 9, "d"),  # the flag is another machine's
        (GLOBAL, UNDEF, "U"),
        (LOCAL, ABS, "a"),
        (GLOBAL, COMMON, "?"),
        (GLOBAL, LORESERVE, "?"),
        (WEAK | OBJECT, 4, "v"),
        (WEAK | OBJECT, UNDEF, "v"),
        (WEAK | FUNCTION, 1, "w"),
        (WEAK, UNDEF, "w"),
        (0x30 | OBJECT, 4, "d"),  # no binding but STB_WEAK matters
    ],
)
def test_letters(image: Image, info: int, where: int, letter: str) -> None:
    assert kallsyms.kind(image, info, where) == letter


def test_small_data_has_letters_of_its_own() -> None:
    module = load(make(IA64, PARTS, SYMBOLS, {}), IA64)
    made = Image(module, layout(module, LayoutConfig()), BASES)
    assert [kallsyms.kind(made, GLOBAL | OBJECT, at) for at in (4, 5, 9, 10)] == ["d", "b", "g", "s"]


def test_a_section_that_the_file_lacks(image: Image) -> None:
    last = len(image.module.sections) - 1
    assert kallsyms.kind(image, LOCAL, last) == "?"
    with pytest.raises(OutOfBounds, match=f"a symbol that is kept lies in section {last + 1}"):
        kallsyms.kind(image, LOCAL, last + 1)


def test_kept_symbols_follow_the_data(image: Image) -> None:
    """Symbol 0 and those of core sections, with their new names, values and letters."""
    values = [0, BASES[0] + 4, 0xDEAD, BASES[0] + 0x1008]
    kallsyms.keep(image, values)
    tail = image.layout.tail
    assert tail is not None
    assert tail.kept == (0, 1, 3)
    memory = bytes(image.memory[tail.area])
    entries = [unpack_from("<IBBHQQ", memory, tail.symbols + 24 * at) for at in range(3)]
    assert [entry[4] for entry in entries] == [0, values[1], values[3]]
    assert [(entry[1], entry[3]) for entry in entries[1:]] == [(GLOBAL | FUNCTION, 1), (LOCAL | OBJECT, 4)]
    names = [memory[tail.strings + entry[0] :].partition(b"\0")[0] for entry in entries]
    assert names == [b"", b"run", b"table"]
    assert memory[tail.types : tail.types + 3] == b"Utd"


def test_all_symbols_have_values_and_letters_until_init_ends(image: Image) -> None:
    """The table in the init area keeps its names; the letters follow struct mod_kallsyms."""
    values = [0, BASES[0] + 4, 0xDEAD, BASES[0] + 0x1008]
    kallsyms.fill(image, values)
    tail, module = image.layout.tail, image.module
    assert tail is not None
    table = bytes(image.section(module.symtab))
    entries = [unpack_from("<IBBHQQ", table, 24 * at) for at in range(4)]
    assert [entry[4] for entry in entries] == values
    assert [entry[0] for entry in entries] == list(module.symbols.names)
    assert [(entry[1], entry[3]) for entry in entries[1:]] == [(it.info, it.section) for it in SYMBOLS]
    memory = bytes(image.memory[tail.init_area])
    assert memory[tail.init_types : tail.init_types + 5] == b"UtUd\0"


@pytest.mark.parametrize(("less", "fits"), [(0, True), (1, True), (2, False)])
def test_names_lie_in_the_table_of_names(less: int, fits: bool) -> None:
    """A NUL may be what fills up the table to the alignment of struct mod_kallsyms."""
    data = bytearray(make(X86_64, PARTS, SYMBOLS[:1], {}))
    module = load(bytes(data))
    header = int.from_bytes(data[40:48], "little") + 64 * module.strtab + 32
    size = module.sections[module.strtab].sh_size
    data[header : header + 8] = (size - less).to_bytes(8, "little")
    module = load(bytes(data))
    made = Image(module, layout(module, LayoutConfig()), BASES)
    if fits:
        kallsyms.keep(made, [0, 1])
        return
    with pytest.raises(OutOfBounds, match=r"a name of its symbols lies outside \.strtab"):
        kallsyms.keep(made, [0, 1])


def test_a_kernel_without_kallsyms_keeps_none() -> None:
    module = load(make(X86_64, PARTS, SYMBOLS, {}))
    made = Image(module, layout(module, LayoutConfig(kallsyms=False)), BASES)
    before = [bytes(area) for area in made.memory]
    kallsyms.keep(made, [0] * 4)
    kallsyms.fill(made, [0] * 4)
    assert [bytes(area) for area in made.memory] == before
