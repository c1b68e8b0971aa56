"""Gather the facts of a module with few reads and little Python code."""

from __future__ import annotations

import sys
from array import array
from itertools import accumulate, compress
from operator import and_
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.elf import decode
from pymodutils.elf.constants import STT_REGISTER
from pymodutils.elf.facts import Facts

if TYPE_CHECKING:
    from pymodutils.elf.scan import Elf

_CRC: Final = b"__crc_"
_SECTIONS: Final = 64  # symbols that nearly always include those of the sections
_IS_ZERO: Final = b"\1" + bytes(255)  # to translate with: 0 as 1, all else as 0


class _Shape(NamedTuple):
    """The positions of st_info and st_shndx in a symbol table entry of one ELF class; st_name is first."""

    entry: int  # bytes
    info: int
    shndx: int


_SHAPES: Final = {32: _Shape(16, 12, 14), 64: _Shape(24, 4, 6)}


def gather(elf: Elf) -> Facts:
    """The facts of a module; raises BadModule if a section lies outside the file."""
    needs, exports = _symbols(elf)
    info = elf.section(".modinfo")
    if not info:
        return Facts(needs, exports)
    info = b"\0" + info + b"\0"
    return Facts(needs, exports, *(_values(info, key) for key in (b"alias", b"softdep", b"weakdep")))


def _joined(strings: list[bytes]) -> bytes:
    return b"\0".join(strings) + b"\0" if strings else b""


def _values(info: bytes, key: bytes) -> bytes:
    """The values of all ``key`` entries of .modinfo, a NUL before it; without "=" it is empty."""
    if b"\0" + key not in info:
        return b""
    if b"\0" + key + b"\0" in info:
        entries = (string.partition(b"=") for string in info.split(b"\0"))
        return _joined([value for name, _, value in entries if name == key])
    parts = info.split(b"\0" + key + b"=")
    return _joined([part if b"\0" not in part else part[: part.index(b"\0")] for part in parts[1:]])


def _symbols(elf: Elf) -> tuple[bytes, bytes]:
    """The undefined and the exported names: those with a CRC, or else those of __ksymtab_strings."""
    table, strings = elf.index(".symtab"), elf.index(".strtab")
    if table is None or strings is None:
        return _joined(_with_versions(elf, [])), _uncounted(elf)
    shape = _SHAPES[elf.bits]
    symtab, strtab, local = _tables(elf, elf.header(table), elf.header(strings), shape.entry)
    names = _names(symtab, elf)
    end = strtab.index
    try:
        needs = [strtab[at : end(b"\0", at)] for at in compress(names, _undefined(symtab, elf, shape)) if at]
    except ValueError:
        raise elf.bad("the name of a symbol lies outside of the names") from None
    exports = _counted(elf, names, strtab, local)
    return _joined(_with_versions(elf, needs)), exports or _uncounted(elf)


def _names(symtab: bytes, elf: Elf) -> list[int]:
    """The st_name of each symbol."""
    step = _SHAPES[elf.bits].entry // 4
    if elf.order == sys.byteorder:
        return memoryview(symtab).cast("I")[::step].tolist()
    words = array("I", symtab)[::step]
    words.byteswap()
    return words.tolist()


def _undefined(symtab: bytes, elf: Elf, shape: _Shape) -> bytes:
    """A byte for each symbol: 1 if it is to be had from elsewhere, else 0."""
    mask, high = (symtab[at :: shape.entry].translate(_IS_ZERO) for at in (shape.shndx, shape.shndx + 1))
    if 0 in high:  # there is a section beyond 255
        mask = bytes(map(and_, mask, high))
    if elf.machine in decode.MACHINES_WITH_REGISTERS:
        kinds = symtab[shape.info :: shape.entry]
        mask = bytes(map(and_, mask, [kind & 15 != STT_REGISTER for kind in kinds]))
    return mask


def _tables(
    elf: Elf, symtab: tuple[int, ...], strtab: tuple[int, ...], entry: int
) -> tuple[bytes, bytes, tuple[int, int]]:
    """The global symbols, the names, and the location of the local symbols, usually in one read."""
    start, size, local = symtab[4], symtab[5], symtab[7] * entry
    if local > size:
        local = 0
    size -= size % entry
    names, length = strtab[4], strtab[5]
    if names != start + size:
        return elf.read(start + local, size - local), elf.read(names, length), (start, local)
    both = elf.read(start + local, size - local + length)
    return both[: size - local], both[size - local :], (start, local)


def _counted(elf: Elf, names: list[int], strtab: bytes, local: tuple[int, int]) -> bytes:
    """The X of all symbols __crc_X; local symbols are read only if some are not among ``names``."""
    first = strtab.find(_CRC)
    if first < 0:
        return b""
    skip = len(_CRC)
    _, *between, _ = strtab[first:].split(_CRC)
    places = set(accumulate((len(part) + skip for part in between), initial=first))
    found = places.intersection(names)
    if len(found) < len(places):
        found |= _among_locals(places, local, elf)
    end = strtab.index
    return _joined([strtab[place + skip : end(b"\0", place)] for place in sorted(found)])


def _among_locals(places: set[int], local: tuple[int, int], elf: Elf) -> set[int]:
    """Those of ``places`` that are the st_name of a local symbol; linkers put CRCs right after sections."""
    start, size = local
    first = min(size, (_SECTIONS + len(places)) * _SHAPES[elf.bits].entry)
    found = places.intersection(_names(elf.read(start, first), elf))
    return found if len(found) == len(places) else places.intersection(_names(elf.read(start, size), elf))


def _uncounted(elf: Elf) -> bytes:
    """The exports of a module without CRCs."""
    section = elf.section("__ksymtab_strings")
    return _joined(decode.strings(section)) if section else b""


def _with_versions(elf: Elf, needs: list[bytes]) -> list[bytes]:
    """``needs`` and the symbols only in __versions.

    modpost writes one record for each of ``needs`` and one for module_layout, which no module exports; so the
    long section is read only if the number of records differs.
    """
    at = elf.index("__versions")
    if at is None or elf.header(at)[5] // 64 == len(needs) + 1:
        return needs
    seen = set(needs)
    names = [name for name, _ in decode.records(elf.content(at), elf.bits, elf.order)]
    return needs + [name for name in dict.fromkeys(names) if name not in seen]
