"""Symbols and relocations in columns, read one by one here; elf(5)."""

from __future__ import annotations

import random
from itertools import product
from struct import iter_unpack, pack
from typing import Any

import pytest

from pymodutils.arch.arm import ARM
from pymodutils.arch.m68k import M68K
from pymodutils.arch.mips import MIPS64
from pymodutils.arch.model import Arch
from pymodutils.arch.s390 import S390
from pymodutils.arch.x86 import I386, X86_64
from pymodutils.elf.headers import PREFIXES
from pymodutils.link.failure import LinkError, OutOfBounds
from pymodutils.link.object import LONGEST
from pymodutils.link.reloc_section import codes_of, decode, in_place, mask_of
from pymodutils.link.symbols import imports
from tests.link.modules import load
from tests.link.objects import Part, Sym, make

CHANCE = random.Random(9)  # noqa: S311 -- cases, not secrets
COUNT = 7
PLAIN = [X86_64, S390, I386, M68K]  # both widths in both orders


def ids(arch: Arch) -> str:
    return f"{arch.bits} {arch.order}"


@pytest.mark.parametrize("arch", PLAIN, ids=ids)
@pytest.mark.parametrize("rest", [0, 1, 11])
def test_relocations_with_addends(arch: Arch, rest: int) -> None:
    """Elf_Rela; what is left of a last one does not count."""
    words, wide = ("QQq", 32) if arch.bits == 64 else ("IIi", 8)
    form = PREFIXES[arch.order] + words
    rows = [(CHANCE.getrandbits(31), CHANCE.getrandbits(arch.bits), -at) for at in range(COUNT)]
    raw = b"".join(pack(form, *row) for row in rows) + bytes(rest)
    found = decode(arch, raw, rela=True)
    assert list(found.offsets) == [row[0] for row in rows]
    assert list(found.symbols) == [row[1] >> wide for row in rows]
    assert list(found.numbers) == [row[1] & (1 << wide) - 1 for row in rows]
    assert [row[2] for row in rows] == found.A


@pytest.mark.parametrize("arch", [I386, M68K], ids=ids)
@pytest.mark.parametrize("rest", [0, 7])
def test_relocations_without_addends(arch: Arch, rest: int) -> None:
    form = PREFIXES[arch.order] + "II"
    raw = b"".join(pack(form, *(CHANCE.getrandbits(32) for _ in range(2))) for _ in range(COUNT))
    found = decode(arch, raw + bytes(rest), rela=False)
    rows = list(iter_unpack(form, raw))
    assert list(found.offsets) == [offset for offset, _ in rows]
    assert list(zip(found.symbols, found.numbers, strict=True)) == [
        (info >> 8, info & 255) for _, info in rows
    ]
    assert found.A is None


@pytest.mark.parametrize("arch", PLAIN, ids=ids)
def test_symbols(arch: Arch) -> None:
    """Elf64_Sym and Elf32_Sym have their fields in different orders."""
    module = load(make(arch, [Part(".text", bytes(8))], [Sym(f"s{at}") for at in range(COUNT)], {}), arch)
    header = module.sections[module.symtab]
    rows = [
        (
            at,
            CHANCE.getrandbits(8),
            CHANCE.getrandbits(8),
            CHANCE.getrandbits(16),
            *tuple(CHANCE.getrandbits(arch.bits) for _ in range(2)),
        )
        for at in range(COUNT)
    ]  # name, info, other, section, value, size
    if arch.bits == 64:
        raw = b"".join(pack(PREFIXES[arch.order] + "IBBHQQ", *row) for row in rows)
    else:
        order = (0, 4, 5, 1, 2, 3)
        raw = b"".join(pack(PREFIXES[arch.order] + "IIIBBH", *(row[at] for at in order)) for row in rows)
    data = bytearray(module.data)
    data[header.sh_offset : header.sh_offset + len(raw)] = raw
    symbols = load(bytes(data), arch).symbols
    columns = zip(
        *(symbols.names, symbols.infos, symbols.others, symbols.sections, symbols.values, symbols.sizes),
        strict=True,
    )
    assert list(columns)[:COUNT] == rows
    assert len(symbols) == COUNT + 1


def test_a_table_that_ends_within_a_symbol() -> None:
    data = bytearray(make(X86_64, [Part(".text", bytes(8))], [Sym("a"), Sym("b")], {}))
    module = load(bytes(data))
    headers = int.from_bytes(data[40:48], "little")
    size = headers + 64 * module.symtab + 32
    data[size : size + 8] = (3 * 24 - 1).to_bytes(8, "little")
    assert len(load(bytes(data)).symbols) == 2


@pytest.mark.parametrize(("length", "ends"), [(LONGEST, True), (LONGEST + 1, False)])
def test_the_longest_name(length: int, ends: bool) -> None:
    symbols = load(make(X86_64, [Part(".text", bytes(8))], [Sym("x" * length), Sym("y")], {})).symbols
    if ends:
        assert symbols.name(1) == "x" * length
        assert list(imports(symbols)) == ["x" * length, "y"]
        return
    with pytest.raises(OutOfBounds, match=f"the name of symbol 1 does not end within {LONGEST} bytes"):
        symbols.name(1)
    assert list(imports(symbols)) == []


def test_names_in_another_encoding_keep_their_bytes() -> None:
    data = make(X86_64, [Part(".text", bytes(8))], [Sym("name")], {}).replace(b"name\0", b"\xff\xe9me\0")
    symbols = load(data).symbols
    assert symbols.raw_name(1) == b"\xff\xe9me"
    assert symbols.name(1).encode("utf-8", "surrogateescape") == b"\xff\xe9me"


def header(data: bytes, section: int, at: int, value: int, size: int = 8) -> bytes:
    """``data`` with another value in the field ``at`` of a section header."""
    start = int.from_bytes(data[40:48], "little") + 64 * section + at
    return data[:start] + value.to_bytes(size, "little") + data[start + size :]


SH_TYPE, SH_OFFSET, SH_SIZE, SH_LINK = 4, 24, 32, 40


def test_files_that_the_loader_would_read_beyond() -> None:
    data = make(X86_64, [Part(".text", bytes(8))], [Sym("a")], {})
    symtab = load(data).symtab
    with pytest.raises(LinkError, match=r"module has no symbols \(stripped\?\)"):
        load(header(data, symtab, SH_TYPE, 1, 4))
    last = len(load(data).sections)
    with pytest.raises(OutOfBounds, match=f"the symbol table's names are to be in section {last}"):
        load(header(data, symtab, SH_LINK, last, 4))
    load(header(data, symtab, SH_LINK, last - 1, 4))
    end = len(data) - 8
    assert load(header(data, 1, SH_OFFSET, end)).content(1) == data[-8:]
    with pytest.raises(OutOfBounds, match=rf"section \.text ends at {end + 9} of {end + 8} bytes"):
        load(header(data, 1, SH_OFFSET, end + 1)).content(1)


def test_the_first_table_of_symbols_counts() -> None:
    parts = [Part(".text", bytes(8)), Part(".other", bytes(24), 0, 2)]
    assert load(make(X86_64, parts, [], {})).symtab == 2


@pytest.mark.parametrize(
    ("numbers", "codes"),
    [
        ([1, 2, 255], b"\1\2\xff"),
        ([1, 2, 256], b"\1\2\0"),
        ([1, 2, 257], b""),  # the same as 1
        ([1, 1, 513], b""),
        ([], b""),
    ],
)
def test_numbers_as_bytes(numbers: list[int], codes: bytes) -> None:
    assert codes_of(numbers, set(numbers)) == codes
    for members in (set(numbers[:1]), set(numbers)):
        assert list(mask_of(members, numbers, codes)) == [number in members for number in numbers]


def read(arch: Arch, memory: bytes, number: int, offset: int) -> int:
    """The addend in one place."""
    row = arch.relocs.get(number)
    if row is None or offset + row.field.size > len(memory):
        return 0
    word = int.from_bytes(memory[offset : offset + row.field.size], row.field.order or arch.order)
    return row.field.get_all([word])[0]


MEMORY = bytes(CHANCE.getrandbits(8) for _ in range(64))
INSIDE, ACROSS = (0, 4, 56, 60), (0, 60, 61, 64)
GROUPS: dict[str, tuple[Arch, list[int]]] = {
    "one field": (I386, [1, 2]),
    "fields of one size": (ARM, [2, 28, 43, 42]),
    "special fields among them": (ARM, [2, 57, 63, 47]),
    "unknown numbers": (ARM, [2, 28, 200]),
    "sizes": (MIPS64, [2, 18, 5]),
}


@pytest.mark.parametrize(("name", "places"), list(product(GROUPS, (INSIDE, ACROSS))))
def test_addends_in_the_places(name: str, places: tuple[int, ...]) -> None:
    arch, numbers = GROUPS[name]
    rows: Any = [(number, offset) for number, offset in product(numbers, places)]
    raw = b"".join(
        pack(PREFIXES[arch.order] + "II", offset, number)
        if arch.bits == 32
        else pack(PREFIXES[arch.order] + "QQ", offset, number)
        for number, offset in rows
    )
    found = in_place(arch, MEMORY, decode(arch, raw, rela=False))
    assert [read(arch, MEMORY, number, offset) for number, offset in rows] == found.A


def test_names_beyond_the_file() -> None:
    """The kernel would read behind the string table."""
    symbols = load(make(X86_64, [Part(".text", bytes(8))], [Sym("s")], {})).symbols
    with pytest.raises(OutOfBounds, match="the names of its symbols lie outside the file"):
        symbols.lengths([1 << 30])
