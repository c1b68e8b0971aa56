"""Mutated 64-bit little-endian modules."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from struct import pack_into
from typing import Final

from pymodutils.elf.constants import SHT_REL, SHT_RELA, SHT_SYMTAB
from pymodutils.elf.headers import Section
from pymodutils.elf.scan import Elf

HEADER, ENTRY, SYMBOL, RELA = 64, 64, 24, 24  # bytes
HEADER_FIELDS: Final = (
    (16, 2),
    (18, 2),
    (20, 4),
    (24, 8),
    (40, 8),
    (48, 4),
    (52, 2),
    (58, 2),
    (60, 2),
    (62, 2),
)
FIELDS: Final = ((0, 4), (4, 4), (8, 8), (16, 8), (24, 8), (32, 8), (40, 4), (44, 4), (48, 8), (56, 8))
TABLES: Final = (  # what the loader reads by meaning
    *(".modinfo", "__versions", "__param", ".gnu.linkonce.this_module", "__ex_table", "__jump_table"),
    *("__ksymtab", "__ksymtab_gpl", "__kcrctab", "__kcrctab_gpl", "__ksymtab_strings", "__mcount_loc"),
    *(".static_call_sites", ".altinstructions", "__bug_table", ".orc_unwind_ip", ".strtab", ".shstrtab"),
)
MARKER: Final = b"~Module signature appended~\n"
TRAILER: Final = 12  # bytes of struct module_signature
TYPES: Final = (0, 1, 2, 3, 4, 7, 8, 9, 14, 17)
NASTY: Final = (
    *(0, 1, 2, 3, 7, 0x7F, 0xFF, 0xFF20, 0xFFF1, 0xFFF2, 0xFFFF, 1 << 16, 1 << 20, (1 << 28) + 1),
    *(
        (1 << 31) - 1,
        1 << 31,
        (1 << 32) - 1,
        1 << 32,
        (1 << 63) - 1,
        1 << 63,
        (1 << 64) - 1,
        (1 << 64) - 4096,
    ),
)


class Mutator:
    """Generates mutants of the module ``data``, determined by ``seed``."""

    def __init__(self, data: bytes, seed: int) -> None:
        self.original = data
        self.chance = random.Random(seed)  # noqa: S311 -- cases, not secrets
        elf = Elf(data)
        self.sections = elf.sections
        self.headers = int.from_bytes(data[40:48], "little")
        self.copy = bytearray(data)

    def mutant(self) -> bytes:
        """The next mutant: mostly one change, rarely up to six."""
        self.copy = bytearray(self.original)
        for _ in range(self.chance.choice((1, 1, 1, 2, 3, 6))):
            self.chance.choice(CHANGES)(self)
        return bytes(self.copy)

    def number(self, at: int, size: int) -> None:
        """Change the number of ``size`` bytes at ``at``."""
        if at + size > len(self.copy):
            return
        old = int.from_bytes(self.copy[at : at + size], "little")
        nasty = self.chance.choice(NASTY)
        near = old + self.chance.choice((-1, 1, 2, 4, 8, -8, 24, 64, -64, 4096))
        some = self.chance.getrandbits(8 * size)
        inside = self.chance.randrange(len(self.original))
        value = self.chance.choice(
            (nasty, near, near, inside, some, old ^ 1 << self.chance.randrange(8 * size))
        )
        pack_into({2: "<H", 4: "<I", 8: "<Q"}[size], self.copy, at, value & (1 << 8 * size) - 1)

    def header(self) -> None:
        """A field of the ELF header."""
        self.number(*self.chance.choice(HEADER_FIELDS))

    def place(self) -> int:
        """The offset of a random section header."""
        return self.headers + ENTRY * self.chance.randrange(len(self.sections))

    def section_field(self) -> None:
        """A field of a section header."""
        offset, size = self.chance.choice(FIELDS)
        self.number(self.place() + offset, size)

    def section_type(self) -> None:
        """The type of a section."""
        pack_into("<I", self.copy, min(self.place() + 4, len(self.copy) - 4), self.chance.choice(TYPES))

    def section_flags(self) -> None:
        """The flags of a section."""
        pack_into("<Q", self.copy, min(self.place() + 8, len(self.copy) - 8), self.chance.randrange(8))

    def same_field(self) -> None:
        """Copy a field of another section header: name, offset, size or type."""
        one, other = self.place(), self.place()
        offset, size = self.chance.choice(FIELDS)
        self.copy[one + offset : one + offset + size] = self.copy[other + offset : other + offset + size]

    def swap(self) -> None:
        """Swap two section headers."""
        one, other = self.place(), self.place()
        first, second = self.copy[one : one + ENTRY], self.copy[other : other + ENTRY]
        self.copy[one : one + len(second)], self.copy[other : other + len(first)] = second, first

    def word(self, kind: int, size: int, fields: tuple[tuple[int, int], ...]) -> None:
        """A field of one record of a section of ``kind``."""
        found = [it for it in self.sections if it.sh_type == kind and it.sh_size >= size]
        if found:
            section = self.chance.choice(found)
            start = section.sh_offset + size * self.chance.randrange(section.sh_size // size)
            offset, width = self.chance.choice(fields)
            self.number(start + offset, width)

    def symbol(self) -> None:
        """A field of a symbol."""
        self.word(SHT_SYMTAB, SYMBOL, ((0, 4), (4, 2), (6, 2), (6, 2), (8, 8), (16, 8)))

    def relocation(self) -> None:
        """A field of a relocation."""
        self.word(SHT_RELA, RELA, ((0, 8), (8, 4), (12, 4), (16, 8)))

    def table(self) -> None:
        """A word of a table that the loader reads."""
        found = [it for it in self.sections if it.name in TABLES and it.sh_size >= 8]
        section = self.chance.choice(found)
        self.number(
            section.sh_offset + self.chance.randrange(section.sh_size - 7), self.chance.choice((2, 4, 8))
        )

    def fill(self) -> None:
        """Fill a range of a section with one byte: unterminated strings, empty tables."""
        section: Section = self.chance.choice(self.sections)
        start = section.sh_offset + self.chance.randrange(section.sh_size + 1)
        length = min(self.chance.choice((1, 8, 64, 1 << 16)), len(self.copy) - start)
        self.copy[start : start + length] = self.chance.choice((b"\0", b"A", b"\xff")) * max(length, 0)

    def blind(self) -> None:
        """Bytes at any offset."""
        for _ in range(self.chance.choice((1, 1, 4, 64)) if self.copy else 0):
            self.copy[self.chance.randrange(len(self.copy))] = self.chance.randrange(256)

    def cut(self) -> None:
        """Remove the end of the file, or bytes within it."""
        at = self.chance.randrange(len(self.copy) + 1)
        del self.copy[at : self.chance.choice((None, at + 1, at + 8, at + 64))]
        self.copy += bytes(
            HEADER - len(self.copy) if len(self.copy) < HEADER and self.chance.randrange(2) else 0
        )


def all_over(data: bytes, seed: int) -> Iterator[bytes]:
    """An endless sequence of mutants of ``data`` by ``Mutator``."""
    mutator = Mutator(data, seed)
    while True:
        yield mutator.mutant()


def relocated(data: bytes, chance: random.Random) -> Iterator[bytes]:
    """An endless sequence: ``data`` with one to four bytes of relocations or their targets changed."""
    sections = Elf(data).sections
    tables = [one for one in sections if one.sh_type in (SHT_REL, SHT_RELA) and one.sh_size]
    while True:
        copy = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            table = chance.choice(tables)
            where = chance.choice((table, table, sections[table.sh_info]))
            if where.sh_size:
                at = where.sh_offset + chance.randrange(where.sh_size)
                copy[at] = chance.choice(
                    (0, 1, 0xFF, chance.randrange(256), copy[at] ^ 1 << chance.randrange(8))
                )
        yield bytes(copy)


def unsigned(data: bytes) -> bytes:
    """``data`` without its signature: that of a mutant would be refused first."""
    if not data.endswith(MARKER):
        return data
    end = len(data) - len(MARKER)
    return data[: end - TRAILER - int.from_bytes(data[end - 4 : end], "big")]


CHANGES: Final[tuple[Callable[[Mutator], None], ...]] = (
    *(Mutator.header, Mutator.section_type, Mutator.section_flags, Mutator.same_field, Mutator.swap),
    *(Mutator.section_field,) * 3,
    *(Mutator.symbol, Mutator.relocation, Mutator.table) * 3,
    *(Mutator.fill, Mutator.blind, Mutator.cut),
)
