"""A second ELF reader, by pyelftools, which checks every header.

It has the methods of scan.Elf and checks it: both return the same bytes or refuse. It refuses more: tables
with invalid links or entry sizes.
"""

from __future__ import annotations

import errno
from io import BytesIO
from typing import TYPE_CHECKING, Final, Literal

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from pymodutils.dwarf.elf_object import DAMAGE
from pymodutils.elf import headers
from pymodutils.elf.constants import EI_NIDENT, ELFMAG, SHT_NOBITS
from pymodutils.elf.headers import Section
from pymodutils.errors import BadModule

if TYPE_CHECKING:
    from collections.abc import Iterator

ByteOrder = Literal["little", "big"]
FIELDS: Final = ("flags", "addr", "offset", "size", "link", "info", "addralign", "entsize")


class SecondReader:
    """The sections of the module ``data``, all read and checked at once.

    Raises BadModule: ENOEXEC if ``data`` is not ELF, EINVAL if its headers are invalid.
    """

    def __init__(self, data: bytes, subject: str = "module") -> None:
        self._data, self.subject, self.size = data, subject, len(data)
        if not data.startswith(ELFMAG) or len(data) <= EI_NIDENT:
            raise self._bad("it is not an ELF file", errno.ENOEXEC)
        try:
            self._elf = ELFFile(BytesIO(data))
            self.bits: int = self._elf.elfclass
            self.order: ByteOrder = "little" if self._elf.little_endian else "big"
            self.machine = int.from_bytes(data[18:20], self.order)
            self.sections = list(self._read_sections())
        except DAMAGE as error:
            raise self._bad(str(error) or type(error).__name__) from error

    def section(self, name: str) -> bytes | None:
        """The contents of the first section named ``name``, or None."""
        found = self.index(name)
        return None if found is None else self.content(found)

    def index(self, name: str) -> int | None:
        """The index of the first section named ``name``, or None."""
        return next((at for at, section in enumerate(self.sections) if section.name == name), None)

    def content(self, at: int) -> bytes:
        """The bytes of section number ``at``; a section without bytes in the file is empty."""
        if not 0 <= at < len(self.sections):
            raise self._bad(f"there is no section {at}")
        section = self.sections[at]
        return b"" if section.sh_type == SHT_NOBITS else self.read(section.sh_offset, section.sh_size)

    def read(self, offset: int, size: int) -> bytes:
        """``size`` bytes at ``offset``; raises BadModule beyond the end of the file."""
        if offset + size > self.size:
            raise self._bad(f"{size} bytes at offset {offset} lie outside its {self.size} bytes")
        return self._data[offset : offset + size]

    def _read_sections(self) -> Iterator[Section]:
        elf = self._elf
        count = elf.num_sections()
        if elf["e_shentsize"] != headers.shdr(self.bits, self.order).size or not count:
            raise ELFError(f"{count} section headers of {elf['e_shentsize']} bytes")
        if not elf.get_shstrndx() < count:
            raise ELFError(f"section {elf.get_shstrndx()} of {count} is to hold the names")
        names = elf.get_section(elf.get_shstrndx())
        self._check_strings(names["sh_offset"], names["sh_size"])
        for at in range(count):
            header = elf.get_section(at).header
            place = elf["e_shoff"] + at * headers.shdr(self.bits, self.order).size
            kind = int.from_bytes(self._data[place + 4 : place + 8], self.order)  # pyelftools has a name
            name = self._name(names["sh_offset"], names["sh_size"], header["sh_name"])
            yield Section(name, kind, *(header[f"sh_{field}"] for field in FIELDS))

    def _check_strings(self, offset: int, size: int) -> None:
        if not size or offset + size > self.size or self._data[offset + size - 1]:
            raise ELFError("the names of its sections do not end")

    def _name(self, offset: int, size: int, at: int) -> str:
        if at >= size:
            raise ELFError("the name of a section lies outside the names")
        end = self._data.index(b"\0", offset + at)
        return self._data[offset + at : end].decode("utf-8", "surrogateescape")

    def _bad(self, what: str, code: int = errno.EINVAL) -> BadModule:
        return BadModule(self.subject, f"{self.subject}: {what}", code)
