"""Function and line of an offset in a section of a module.

Lines come from DWARF, by pyelftools; without debug information the symbol table gives function and offset.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection

from pymodutils.dwarf.elf_object import DAMAGE, ElfObject, symbols_of
from pymodutils.dwarf.relocate import relocate
from pymodutils.elf import contents
from pymodutils.mapped import stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elftools.dwarf.dwarfinfo import DWARFInfo

LARGEST: Final = 8 << 20  # bytes of debug information, decompressed, that are worth the time


class LineRow(NamedTuple):
    """A line of a source file, from an address on; ``file`` is "" where a sequence ends."""

    address: int
    file: str
    number: int


class DebugInfo(ElfObject):
    """The module ``data``; a damaged one has neither functions nor lines."""

    @cached_property
    def sources(self) -> dict[str, str]:
        """The name and the path of each source that was compiled, without what the build system makes."""
        paths = (os.path.join(*map(os.fsdecode, it)) for it in self._compiled())
        return {os.path.basename(path): path for path in paths if not path.endswith(".mod.c")}

    def _compiled(self) -> Iterator[tuple[bytes, bytes]]:
        for unit in self.debug.iter_CUs() if self.debug else ():
            told = unit.get_top_DIE().attributes
            if "DW_AT_name" in told and "DW_AT_comp_dir" in told:
                yield told["DW_AT_comp_dir"].value, told["DW_AT_name"].value

    @cached_property
    def lines(self) -> list[LineRow]:
        """The rows of every line table, sorted; none without debug information or if it is damaged."""
        try:
            return sorted(self._lines())
        except DAMAGE:
            return []

    @cached_property
    def debug(self) -> DWARFInfo | None:
        """The debug information, relocated to ``bases``; None if absent, too large or damaged."""
        try:
            if self.elf is None or not self.elf.has_dwarf_info():
                return None
            if sum(it.data_size for it in self.elf.iter_sections() if ".debug_" in it.name) > LARGEST:
                return None
            if relocate(self.data):
                return ELFFile(stream(self.data)).get_dwarf_info(relocate_dwarf_sections=False)
            return self.elf.get_dwarf_info()
        except DAMAGE:
            return None

    def _lines(self) -> list[LineRow]:
        found: list[LineRow] = []
        dwarf = self.debug
        if dwarf is None:
            return found
        for unit in dwarf.iter_CUs():
            program = dwarf.line_program_for_CU(unit)
            names = [_name(entry.name) for entry in program["file_entry"]] if program else []
            first = 0 if program and program.header["version"] >= 5 else 1  # noqa: PLR2004 -- DWARF 5 counts from 0
            for entry in program.get_entries() if program else ():
                row = entry.state
                if row is not None:
                    at = row.file - first
                    known = not row.end_sequence and 0 <= at < len(names)
                    found.append(LineRow(row.address, names[at] if known else "", row.line))
        return found

    def where(self, section: int, offset: int, *, own: bool = False) -> str:
        """Name what is at ``offset`` of section number ``section``: "init, hello.c:14", "init+0x12" or "".

        With ``own`` it is a line of a source, not of a header whose function was inlined there.
        """
        base = self.bases.get(section)
        if base is None:
            return ""
        address = base + offset
        function = _containing(self.functions, address)
        if not function:
            return ""
        at = bisect_right(self.lines, LineRow(address, "\U0010ffff", 1 << 62)) - 1
        line = self.lines[at] if at >= 0 else None
        while own and line and line.file not in self.sources and line.address > function[0]:
            at -= 1
            line = self.lines[at]
        if line and line.file and line.address >= function[0]:
            return f"{function[2]}, {line.file}:{line.number}"
        return f"{function[2]}+{address - function[0]:#x}"

    def source(self, place: str) -> str:
        """PATH:LINE of ``place``, which ``where`` returned; "" without a line, or in a header."""
        file, _, line = place.rpartition(", ")[2].rpartition(":")
        return f"{self.sources[file]}:{line}" if file in self.sources else ""

    def in_section(self, name: str, offset: int) -> str:
        """``where`` in the first section called ``name``; "" without one."""
        return self.where(self.number(name), offset)

    def rows(self, name: str, size: int) -> list[tuple[int, str]]:
        """The offsets in section ``name`` of ``size`` bytes at which ``where`` changes, and that."""
        number, found = self.number(name), list[tuple[int, str]]()
        base = self.bases.get(number, 0)
        starts = {line.address - base for line in self.lines}
        for start, length, _ in self.functions:
            starts |= {start - base, start + length - base}
        for at in sorted(start for start in {0, *starts} if 0 <= start < size):
            label = self._line(number, at)
            if not found or label != found[-1][1]:
                found.append((at, label))
        return found

    def _line(self, number: int, offset: int) -> str:
        """``where``, without an offset in a function whose lines are not known."""
        return self.where(number, offset).partition("+0x")[0]

    @classmethod
    def read(cls, path: str) -> DebugInfo:
        """The module in the file ``path``; the last few are kept. Raises as compress.read."""
        return _read(path)

    def uses(self, symbol: str) -> list[str]:
        """Where relocations of allocated sections name ``symbol``, each place once."""
        try:
            return list(dict.fromkeys(filter(None, self._uses(symbol))))
        except DAMAGE:
            return []

    def _uses(self, symbol: str) -> list[str]:
        found: list[str] = []
        if self.elf is None:
            return found
        for section in self.elf.iter_sections():
            if not isinstance(section, RelocationSection) or section["sh_info"] not in self.bases:
                continue
            table = self.elf.get_section(section["sh_link"])
            wanted = {number for number, it in enumerate(symbols_of(table)) if it.name == symbol}
            places = (it["r_offset"] for it in section.iter_relocations() if it["r_info_sym"] in wanted)
            found += [self.where(section["sh_info"], offset) for offset in places]
        return found


@lru_cache(maxsize=4)
def _read(path: str) -> DebugInfo:
    return DebugInfo(contents.read(path))


def _containing(functions: list[tuple[int, int, str]], address: int) -> tuple[int, int, str] | None:
    at = bisect_right(functions, (address, 1 << 64, "")) - 1
    if at < 0:
        return None
    start, size, _ = functions[at]
    return functions[at] if address < start + max(size, 1) else None


def _name(name: bytes) -> str:
    return os.path.basename(name).decode("utf-8", "surrogateescape")
