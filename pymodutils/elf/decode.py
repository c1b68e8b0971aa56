"""Decode the contents of a module's sections."""

from __future__ import annotations

from struct import iter_unpack, unpack_from
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.elf.constants import EM_SPARC, EM_SPARC32PLUS, EM_SPARCV9, NT_GNU_BUILD_ID
from pymodutils.elf.headers import PREFIXES

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDE: Final = 64  # bits of the larger ELF class
MACHINES_WITH_REGISTERS: Final = (EM_SPARC, EM_SPARC32PLUS, EM_SPARCV9)
NOTE_HEADER: Final = 12  # bytes
GNU: Final = b"GNU\0"


class Symbol(NamedTuple):
    """One entry of .symtab."""

    name: str
    st_value: int
    st_size: int
    st_info: int
    st_shndx: int

    @property
    def binding(self) -> int:
        """STB_LOCAL, STB_GLOBAL, STB_WEAK: the upper half of st_info."""
        return self.st_info >> 4

    @property
    def kind(self) -> int:
        """STT_NOTYPE, STT_OBJECT, STT_FUNC...: the lower half of st_info."""
        return self.st_info & 15


def text(data: bytes) -> str:
    """``data`` decoded losslessly (surrogateescape)."""
    return data.decode("utf-8", "surrogateescape")


def strings(section: bytes) -> list[bytes]:
    """The non-empty NUL-separated strings of ``section``."""
    return [string for string in section.split(b"\0") if string]


def modinfo(section: bytes) -> list[tuple[str, str]]:
    """The ``key=value`` entries of .modinfo in order; a string without ``=`` has an empty value."""
    entries = [string.partition("=") for string in text(section).split("\0") if string]
    return [(key, value) for key, _, value in entries]


def build_id(note: bytes, order: str) -> bytes:
    """The identifier in .note.gnu.build-id; empty if malformed."""
    if len(note) < NOTE_HEADER:
        return b""
    names, size, kind = unpack_from(PREFIXES[order] + "3I", note)
    start = NOTE_HEADER + len(GNU)
    if (names, kind) != (len(GNU), NT_GNU_BUILD_ID) or note[NOTE_HEADER:start] != GNU:
        return b""
    return note[start : start + size]


def versions(section: bytes, bits: int, order: str) -> list[tuple[str, int]]:
    """(symbol, CRC) of each record of __versions."""
    return [(text(name), crc) for name, crc in records(section, bits, order)]


def records(section: bytes, bits: int, order: str) -> list[tuple[bytes, int]]:
    """(symbol, CRC) of each record of __versions: a long and a name, together 64 bytes."""
    layout = PREFIXES[order] + ("Q56s" if bits == WIDE else "I60s")
    whole = memoryview(section)[: len(section) // 64 * 64]
    return [(name.partition(b"\0")[0], crc) for crc, name in iter_unpack(layout, whole)]


def symbols(symtab: bytes, strtab: bytes, bits: int, order: str) -> list[Symbol]:
    """Every entry of .symtab, including the null entry; a name outside ``strtab`` is empty."""
    found = []
    for name, value, size, info, shndx in _entries(symtab, bits, order):
        end = strtab.find(b"\0", name)
        found.append(Symbol(text(strtab[name:end]) if end > name else "", value, size, info, shndx))
    return found


def _entries(symtab: bytes, bits: int, order: str) -> Sequence[tuple[int, int, int, int, int]]:
    """(st_name, st_value, st_size, st_info, st_shndx) for either class."""
    prefix = PREFIXES[order]
    if bits == WIDE:
        whole = memoryview(symtab)[: len(symtab) // 24 * 24]
        return [(n, v, s, i, x) for n, i, _, x, v, s in iter_unpack(prefix + "IBBHQQ", whole)]
    whole = memoryview(symtab)[: len(symtab) // 16 * 16]
    return [(n, v, s, i, x) for n, v, s, i, _, x in iter_unpack(prefix + "IIIBBH", whole)]
