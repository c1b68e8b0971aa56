"""A module file as the loader sees it: sections, and symbols in columns.

The machine's own width and byte order are used regardless of e_ident, as in most kernels.
"""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from typing import TYPE_CHECKING, Final, Literal

from pymodutils.arch.frob import Frobbed
from pymodutils.elf.constants import SHF_ALLOC, SHT_NOBITS, SHT_SYMTAB
from pymodutils.link.failure import LinkError, OutOfBounds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pymodutils.arch.model import Arch
    from pymodutils.arch.reloc import Relocations
    from pymodutils.elf.headers import Section
    from pymodutils.mapped import Contents

THIS_MODULE: Final = ".gnu.linkonce.this_module"
LONGEST: Final = 1024  # bytes of a symbol's name: twice KSYM_NAME_LEN, about the longest log line
SYMBOL: Final = {  # by width: struct's codes, bytes, and the position of each column of Symbols
    32: ("IIIBBH", 16, (0, 3, 4, 5, 1, 2)),
    64: ("IBBHQQ", 24, (0, 1, 2, 3, 4, 5)),
}


class Symbols:
    """.symtab in columns, including index 0; names are looked up on demand."""

    __slots__ = ("_strings", "_text", "infos", "names", "others", "sections", "sizes", "subject", "values")

    def __init__(self, raw: bytes, arch: Arch, text: Contents, strings: int, subject: str) -> None:
        _, size, _ = SYMBOL[arch.bits]
        view = memoryview(raw)[: len(raw) // size * size]

        def words(code: Literal["H", "I", "Q"], first: int) -> array[int]:
            """The words of ``code``'s size at ``first``, counted in such words, of each symbol."""
            column = view.cast(code)
            found = array(code, column[first :: size // column.itemsize].tobytes())
            if arch.order != sys.byteorder:
                found.byteswap()
            return found

        self.names = words("I", 0)
        self.infos: Sequence[int]
        self.others: Sequence[int]
        if arch.bits == 64:  # noqa: PLR2004 -- Elf64_Sym: name, info, other, shndx, value, size
            self.infos, self.others = view[4::24].tobytes(), view[5::24].tobytes()
            self.sections, self.values, self.sizes = words("H", 3), words("Q", 1), words("Q", 2)
        else:  # Elf32_Sym: name, value, size, info, other, shndx
            self.infos, self.others = view[12::16].tobytes(), view[13::16].tobytes()
            self.sections, self.values, self.sizes = words("H", 7), words("I", 1), words("I", 2)
        self._text, self._strings, self.subject = text, strings, subject

    def __len__(self) -> int:
        return len(self.names)

    def name(self, at: int) -> str:
        """The name of symbol ``at``: the string at st_name, which may end anywhere in the file."""
        return self.raw_name(at).decode("utf-8", "surrogateescape")

    def raw_name(self, at: int) -> bytes:
        """The bytes of the name in the file."""
        start = self._strings + self.names[at]
        end = self._text.find(b"\0", start, start + LONGEST + 1)
        if end < 0:
            raise OutOfBounds(self.subject, f"the name of symbol {at} does not end within {LONGEST} bytes")
        return self._text[start:end]

    def lengths(self, names: Iterable[int]) -> int:
        """The sizes of the strings at ``names``, offsets of names, with their NULs."""
        find, base, total = self._text.find, self._strings, 0
        end, top = -1, len(self._text)
        counts = Counter(names)  # riscv64's local labels share their names
        for name in sorted(counts, reverse=True):
            start = base + name
            nearer = find(b"\0", start, top)  # no byte is scanned twice, however names overlap
            end, top = end if nearer < 0 else nearer, start
            if end < 0:
                raise OutOfBounds(self.subject, "the names of its symbols lie outside the file")
            total += counts[name] * (end - start + 1)
        return total


class Object:
    """``data`` and its ``sections``, after the kernel's checks of an ELF file.

    Raises LinkError without a symbol table, OutOfBounds if the kernel would read beyond the file.
    """

    __slots__ = (
        *("arch", "contents", "data", "frobbed", "options", "relocations", "sections", "strtab", "subject"),
        *("symbols", "symtab"),
    )

    def __init__(
        self, data: Contents, sections: Sequence[Section], arch: Arch, subject: str = "module"
    ) -> None:
        self.data, self.sections, self.arch, self.subject = data, sections, arch, subject
        self.frobbed, self.options = Frobbed(), arch.options
        self.contents: dict[int, bytes] = {}  # of sections that differ from the file
        self.relocations: Mapping[int, Relocations] = {}  # of sections already read
        tables = (at for at, section in enumerate(sections) if at and section.sh_type == SHT_SYMTAB)
        self.symtab = next(tables, 0)
        if not self.symtab:
            raise LinkError(subject, f"{subject}: module has no symbols (stripped?)")
        self.strtab = sections[self.symtab].sh_link
        if self.strtab >= len(sections):
            raise OutOfBounds(subject, f"the symbol table's names are to be in section {self.strtab}")
        raw = self.content(self.symtab)
        strings = sections[self.strtab].sh_offset
        self.symbols = Symbols(raw, arch, data, strings, subject)

    def content(self, at: int) -> bytes:
        """The bytes of section ``at`` in the file; empty for NOBITS."""
        section = self.sections[at]
        if section.sh_type == SHT_NOBITS:
            return b""
        if at in self.contents:
            return self.contents[at]
        self.check_inside(section)
        return self.data[section.sh_offset : section.sh_offset + section.sh_size]

    def check_inside(self, section: Section) -> None:
        """Raise OutOfBounds if ``section`` ends after the file."""
        end = section.sh_offset + section.sh_size
        if end > len(self.data):
            raise OutOfBounds(self.subject, f"section {section.name} ends at {end} of {len(self.data)} bytes")

    def find(self, name: str) -> int:
        """The index of the first loaded section named ``name``, or 0."""
        for at, section in enumerate(self.sections):
            if section.name == name and section.sh_flags & SHF_ALLOC:
                return at
        return 0
