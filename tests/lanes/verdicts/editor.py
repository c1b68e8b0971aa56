"""A 64-bit little-endian ELF file whose fields can be changed."""

from __future__ import annotations

import re
from struct import calcsize, pack_into, unpack_from

HEADER = {  # field -> struct's code and offset
    "e_type": ("H", 16),
    "e_machine": ("H", 18),
    "e_version": ("I", 20),
    "e_shoff": ("Q", 40),
    "e_flags": ("I", 48),
    "e_ehsize": ("H", 52),
    "e_shentsize": ("H", 58),
    "e_shnum": ("H", 60),
    "e_shstrndx": ("H", 62),
}
SECTION = {
    "sh_name": ("I", 0),
    "sh_type": ("I", 4),
    "sh_flags": ("Q", 8),
    "sh_addr": ("Q", 16),
    "sh_offset": ("Q", 24),
    "sh_size": ("Q", 32),
    "sh_link": ("I", 40),
    "sh_info": ("I", 44),
    "sh_addralign": ("Q", 48),
    "sh_entsize": ("Q", 56),
}
SYMBOL = {
    "st_name": ("I", 0),
    "st_info": ("B", 4),
    "st_other": ("B", 5),
    "st_shndx": ("H", 6),
    "st_value": ("Q", 8),
    "st_size": ("Q", 16),
}
RELA = {"r_offset": ("Q", 0), "r_type": ("I", 8), "r_sym": ("I", 12), "r_addend": ("q", 16)}
HEADER_SIZE, SECTION_SIZE, SYMBOL_SIZE, RELA_SIZE = 64, 64, 24, 24
SHT_SYMTAB, SHT_RELA = 2, 4
EXPRESSION = re.compile(r"(?P<base>old|len|shnum|-?\w+)(?:(?P<sign>[-+|^])(?P<by>\w+))?")


class Editor:
    """``data`` with its fields by name; offsets of tables are looked up at each use because they may change."""

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)

    def get(self, fields: dict[str, tuple[str, int]], at: int, field: str) -> int:
        """The field of the structure at offset ``at``."""
        code, offset = fields[field]
        return int(unpack_from("<" + code, self.data, at + offset)[0])

    def put(self, fields: dict[str, tuple[str, int]], at: int, field: str, expression: str | int) -> None:
        """Set it to an expression: a number, or ``old``, ``len``, ``shnum`` with one ``+`` ``-`` ``|`` ``^``."""
        code, offset = fields[field]
        value = self.value(str(expression), self.get(fields, at, field))
        if code.isupper():
            value &= (1 << 8 * calcsize("<" + code)) - 1
        pack_into("<" + code, self.data, at + offset, value)

    def value(self, expression: str, old: int = 0) -> int:
        """The value of ``expression`` with the old value ``old``."""
        found = EXPRESSION.fullmatch(expression)
        if found is None:
            raise ValueError(expression)
        named = {"old": old, "len": len(self.data), "shnum": self.header("e_shnum")}
        base = named[found["base"]] if found["base"] in named else int(found["base"], 0)
        by = int(found["by"] or "0", 0)
        return {"-": base - by, "|": base | by, "^": base ^ by}.get(found["sign"], base + by)

    def header(self, field: str) -> int:
        """A field of the ELF header."""
        return self.get(HEADER, 0, field)

    def section(self, name: str) -> int:
        """The offset of the header of the section ``name`` (or ``#N``)."""
        if name.startswith("#"):
            return self.header("e_shoff") + SECTION_SIZE * int(name[1:])
        for at in self.sections():
            if self.section_name(at) == name:
                return at
        raise LookupError(name)

    def sections(self) -> range:
        """The offsets of all section headers."""
        start = self.header("e_shoff")
        return range(start, start + SECTION_SIZE * self.header("e_shnum"), SECTION_SIZE)

    def section_name(self, at: int) -> str:
        """The name of the section whose header is at ``at``."""
        names = self.get(SECTION, self.section(f"#{self.header('e_shstrndx')}"), "sh_offset")
        return self._string(names + self.get(SECTION, at, "sh_name"))

    def index(self, name: str) -> int:
        """The index of a section."""
        return (self.section(name) - self.header("e_shoff")) // SECTION_SIZE

    def content(self, name: str) -> bytes:
        """The bytes of a section."""
        at = self.section(name)
        start = self.get(SECTION, at, "sh_offset")
        return bytes(self.data[start : start + self.get(SECTION, at, "sh_size")])

    def replace(self, name: str, content: bytes) -> None:
        """Replace the contents of a section; they are appended to the file."""
        at = self.section(name)
        self.data += b"\0" * (-len(self.data) % 64)
        self.put(SECTION, at, "sh_offset", len(self.data))
        self.put(SECTION, at, "sh_size", len(content))
        self.data += content

    def add(self, name: str, content: bytes, *, kind: int = 1, flags: int = 2) -> None:
        """Add a section of type ``kind`` at the end."""
        table = b"".join(bytes(self.data[at : at + SECTION_SIZE]) for at in self.sections())
        self.data += b"\0" * (-len(self.data) % 64)
        self.put(HEADER, 0, "e_shoff", len(self.data))
        self.data += table + bytes(SECTION_SIZE)
        self.put(HEADER, 0, "e_shnum", "old+1")
        at = self.sections()[-1]
        self.put(SECTION, at, "sh_type", kind)
        self.put(SECTION, at, "sh_flags", flags)
        self.put(SECTION, at, "sh_addralign", 8)
        added = f"#{self.header('e_shnum') - 1}"
        self.rename(added, name)
        self.replace(added, content)

    def rename(self, old: str, new: str) -> None:
        """Rename a section to ``new``."""
        names = f"#{self.header('e_shstrndx')}"
        strings = self.content(names)
        self.replace(names, strings + new.encode() + b"\0")
        self.put(SECTION, self.section(old), "sh_name", len(strings))

    def symtab(self) -> int:
        """The offset of the header of the symbol table."""
        return next(at for at in self.sections() if self.get(SECTION, at, "sh_type") == SHT_SYMTAB)

    def symbol(self, name: str) -> int:
        """The offset of the symbol ``name`` (or ``#N``)."""
        table = self.symtab()
        start, size = (self.get(SECTION, table, field) for field in ("sh_offset", "sh_size"))
        if name.startswith("#"):
            return start + SYMBOL_SIZE * int(name[1:])
        strings = self.get(SECTION, self.section(f"#{self.get(SECTION, table, 'sh_link')}"), "sh_offset")
        for at in range(start, start + size, SYMBOL_SIZE):
            if self._string(strings + self.get(SYMBOL, at, "st_name")) == name:
                return at
        raise LookupError(name)

    def rename_symbol(self, old: str, new: str) -> None:
        """Rename a symbol to ``new``."""
        names = f"#{self.get(SECTION, self.symtab(), 'sh_link')}"
        strings = self.content(names)
        at = self.symbol(old)
        self.replace(names, strings + new.encode() + b"\0")
        self.put(SYMBOL, at, "st_name", len(strings))

    def swap_symbols(self, one: str, other: str) -> None:
        """Swap two symbols, and adjust relocations."""
        first, second = self.symbol(one), self.symbol(other)
        rows = (bytes(self.data[at : at + SYMBOL_SIZE]) for at in (second, first))
        self.data[first : first + SYMBOL_SIZE], self.data[second : second + SYMBOL_SIZE] = rows
        start = self.get(SECTION, self.symtab(), "sh_offset")
        numbers = [(at - start) // SYMBOL_SIZE for at in (first, second)]
        for at in self._relocations():
            number = self.get(RELA, at, "r_sym")
            if number in numbers:
                self.put(RELA, at, "r_sym", sum(numbers) - number)

    def relocation(self, section: str, number: int) -> int:
        """The offset of a relocation of ``section``."""
        return self.get(SECTION, self.section(f".rela{section}"), "sh_offset") + RELA_SIZE * number

    def _relocations(self) -> list[int]:
        tables = [at for at in self.sections() if self.get(SECTION, at, "sh_type") == SHT_RELA]
        spans = [[self.get(SECTION, at, field) for field in ("sh_offset", "sh_size")] for at in tables]
        return [at for start, size in spans for at in range(start, start + size, RELA_SIZE)]

    def _string(self, start: int) -> str:
        return self.data[start : self.data.index(b"\0", start)].decode("latin-1")
