"""Find sections by name with few reads; all header fields are checked before use.

Both classes and byte orders are converted to one form. Data is read on demand, so an uncompressed module of
many megabytes costs a few kilobytes of input.
"""

from __future__ import annotations

import errno
import os
from functools import cache
from struct import Struct
from typing import TYPE_CHECKING, Final, Self

from pymodutils.elf import headers
from pymodutils.elf.constants import EI_NIDENT, ELFCLASS, ELFDATA, ELFMAG, SHN_XINDEX, SHT_NOBITS
from pymodutils.elf.headers import Section, Shdr
from pymodutils.errors import BadModule, NotFound
from pymodutils.regular import opener

if TYPE_CHECKING:
    from pymodutils.mapped import Contents

_WINDOW: Final = 2048  # bytes before the section headers where linkers put the names


class Elf:
    """The sections of one module file, found by name; see ``Elf.open`` for files.

    Raises BadModule: ENOEXEC if ``data`` is not ELF, EINVAL for invalid offsets, sizes or counts.
    """

    __slots__ = (
        "_data",
        "_fd",
        "_headers",
        "_names",
        "_shdr",
        "_strings",
        "bits",
        "machine",
        "order",
        "size",
        "subject",
    )

    def __init__(self, data: Contents, subject: str = "module", *, fd: int = -1) -> None:
        self._fd, self._data, self.subject = fd, data, subject
        self.size = len(data) if fd < 0 else os.fstat(fd).st_size
        self._start()

    @classmethod
    def open(cls, path: str) -> Self:
        """The uncompressed file ``path``, read on demand.

        Raises NotFound if it cannot be opened, otherwise as the constructor.
        """
        fd = _opened(path)
        try:
            return cls(b"", path, fd=fd)
        except BaseException:
            os.close(fd)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, if there is one; safe to call twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    @property
    def sections(self) -> list[Section]:
        """Every section header in file order, including the null section."""
        return [Shdr(self._name(at), *self._header(at)[1:]) for at in range(len(self._names))]

    def section(self, name: str) -> bytes | None:
        """The contents of the first section named ``name``; None if there is none."""
        at = self.index(name)
        return None if at is None else self.content(at)

    def index(self, name: str) -> int | None:
        """The index of the first section named ``name``; None if there is none."""
        wanted = name.encode() + b"\0"
        names, strings = self._names, self._strings
        found = None
        where = strings.find(wanted)
        while where >= 0:  # linkers share .text as the tail of .rela.text
            try:
                at = names.index(where)
                found = at if found is None else min(found, at)
            except ValueError:
                pass
            where = strings.find(wanted, where + 1)
        return found

    def content(self, at: int) -> bytes:
        """The bytes of section ``at``; empty for a section without data in the file."""
        if not 0 <= at < len(self._names):
            raise self.bad(f"there is no section {at}")
        _, sh_type, _, _, offset, size, *_ = self._header(at)
        if sh_type == SHT_NOBITS:
            return b""
        return self.read(offset, size)

    def header(self, at: int) -> tuple[int, ...]:
        """The ten fields of section header ``at``, with sh_name as a number."""
        if not 0 <= at < len(self._names):
            raise self.bad(f"there is no section {at}")
        return self._header(at)

    def read(self, offset: int, size: int) -> bytes:
        """``size`` bytes at ``offset``; raises BadModule if the file is too short."""
        if offset + size > self.size:
            raise self.bad(f"{size} bytes at offset {offset} lie outside its {self.size} bytes")
        found = self._read(offset, size)
        if len(found) != size:
            raise self.bad(f"{size} bytes at offset {offset} could not be read")
        return found

    def _read(self, offset: int, size: int) -> bytes:
        if self._fd < 0:
            return self._data[offset : offset + size]
        return os.pread(self._fd, size, offset)

    def _start(self) -> None:
        ident = self._read(0, 64)
        if ident[:4] != ELFMAG or len(ident) <= EI_NIDENT:
            raise self.bad("it is not an ELF file", errno.ENOEXEC)
        bits, order = ELFCLASS.get(ident[4]), ELFDATA.get(ident[5])
        if bits is None or order is None:
            raise self.bad("its class or byte order is unknown")
        self.bits, self.order = bits, order
        self._table(ident)

    def _table(self, ident: bytes) -> None:
        """Read the section headers, with the same read as their names if those are just before them."""
        layout, self._shdr = headers.ehdr(self.bits, self.order), headers.shdr(self.bits, self.order)
        if len(ident) < layout.size:
            raise self.bad("it ends within the ELF header")
        head = headers.Ehdr._make(layout.unpack_from(ident))
        self.machine, offset, entry = head.e_machine, head.e_shoff, self._shdr.size
        count, strings = head.e_shnum, head.e_shstrndx
        if head.e_shentsize != entry:
            raise self.bad(f"its section headers have {head.e_shentsize} bytes each, not {entry}")
        if offset and (count == 0 or strings == SHN_XINDEX):  # too many for a half-word: stored in section 0
            first = self._shdr.unpack_from(self.read(offset, entry))
            count, strings = count or first[5], first[6] if strings == SHN_XINDEX else strings
        if not count or not strings < count:
            raise self.bad(f"of its {count} sections number {strings} is to hold the names")
        start = max(0, offset - _WINDOW)
        window = self.read(start, offset - start + count * entry)
        self._headers = window[offset - start :]
        self._names = _name_column(headers.PREFIXES[self.order], entry, count).unpack(self._headers)
        where, size = self._header(strings)[4:6]
        inside = where >= start and where + size <= start + len(window)
        self._strings = window[where - start : where - start + size] if inside else self.read(where, size)
        self._check_names()

    def _check_names(self) -> None:
        if self._strings[-1:] != b"\0":
            raise self.bad("the names of its sections do not end")
        if max(self._names) >= len(self._strings):
            raise self.bad("the name of a section lies outside the names")

    def _header(self, at: int) -> tuple[int, ...]:
        return self._shdr.unpack_from(self._headers, at * self._shdr.size)

    def _name(self, at: int) -> str:
        start = self._names[at]
        return self._strings[start : self._strings.index(b"\0", start)].decode("utf-8", "surrogateescape")

    def bad(self, what: str, code: int = errno.EINVAL) -> BadModule:
        """The error for the fault ``what`` in this module."""
        return BadModule(self.subject, f"{self.subject}: {what}", code)


@cache
def _name_column(prefix: str, entry: int, count: int) -> Struct:
    """The struct that unpacks sh_name of every header at once."""
    return Struct(prefix + f"I{entry - 4}x" * count)


def _opened(path: str) -> int:
    """Open ``path`` for reading; raises NotFound, also for pipes, sockets and devices."""
    try:
        return opener(path, os.O_RDONLY | os.O_CLOEXEC)  # of a directory, too: reading it says what it is
    except OSError as error:
        raise NotFound(path, f"could not open {path}: {error.strerror}", error.errno) from None
