"""Imported and exported symbols of a module file, with CRCs."""

from __future__ import annotations

import errno
from struct import error, unpack_from
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.elf import contents, decode
from pymodutils.elf.constants import SHN_ABS, SHN_UNDEF, STB_WEAK, STT_REGISTER
from pymodutils.elf.scan import Elf
from pymodutils.errors import BadModule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymodutils.elf.decode import Symbol

CRC: Final = "__crc_"


class ImportedSymbol(NamedTuple):
    """A symbol imported by a module."""

    name: str
    crc: int
    weak: bool = False


class Linkage(NamedTuple):
    """The exports and imports of a module."""

    exports: list[tuple[str, int]]
    needs: list[ImportedSymbol]


def needed(path: str) -> list[tuple[str, int]]:
    """(symbol, CRC) of each record of __versions of the module file ``path``.

    Raises NotFound, or BadModule: ENODATA if there are none.
    """
    elf = Elf(contents.module(path), path)
    section = elf.section("__versions")
    if not section:
        raise _none(path, "versions of symbols")
    return decode.versions(section, elf.bits, elf.order)


def exported(path: str) -> list[tuple[str, int]]:
    """(symbol, CRC) of each export, in the order of .symtab; all CRCs are 0 if there are none.

    Raises as ``needed``.
    """
    elf = Elf(contents.module(path), path)
    found = exports(elf, _symbols(elf))
    if not found:
        raise _none(path, "exported symbols")
    return found


def exports(elf: Elf, symbols: Iterable[Symbol]) -> list[tuple[str, int]]:
    """(symbol, CRC) of each export among ``symbols``; all CRCs are 0 if there are none."""
    found = [
        (symbol.name[len(CRC) :], _crc(elf, symbol)) for symbol in symbols if symbol.name.startswith(CRC)
    ]
    return found or [
        (decode.text(name), 0) for name in decode.strings(elf.section("__ksymtab_strings") or b"")
    ]


def needs(elf: Elf, symbols: Iterable[Symbol]) -> list[ImportedSymbol]:
    """The undefined ones of ``symbols``, then those only in __versions; a missing CRC is 0."""
    versions = dict(decode.versions(elf.section("__versions") or b"", elf.bits, elf.order))
    registers = elf.machine in decode.MACHINES_WITH_REGISTERS
    found = {
        symbol.name: ImportedSymbol(symbol.name, versions.get(symbol.name, 0), symbol.binding == STB_WEAK)
        for symbol in symbols
        if symbol.name and symbol.st_shndx == SHN_UNDEF and not (registers and symbol.kind == STT_REGISTER)
    }
    return [
        *found.values(),
        *(ImportedSymbol(name, crc) for name, crc in versions.items() if name not in found),
    ]


def _symbols(elf: Elf) -> list[Symbol]:
    symtab, strtab = elf.section(".symtab") or b"", elf.section(".strtab") or b""
    return decode.symbols(symtab, strtab, elf.bits, elf.order)


def of_module(path: str) -> Linkage:
    """The exports and imports of the module file ``path``; raises NotFound or BadModule."""
    elf = Elf(contents.module(path), path)
    symbols = _symbols(elf)
    return Linkage(exports(elf, symbols), needs(elf, symbols))


def _none(path: str, what: str) -> BadModule:
    return BadModule(path, f"{path}: it has no {what}", errno.ENODATA)


def _crc(elf: Elf, symbol: Symbol) -> int:
    """The value itself if absolute (Linux before 5.19), else the word that it points to."""
    if symbol.st_shndx == SHN_ABS:
        return symbol.st_value
    try:
        words = elf.content(symbol.st_shndx)
        return int(unpack_from("<I" if elf.order == "little" else ">I", words, symbol.st_value)[0])
    except error:
        return 0
