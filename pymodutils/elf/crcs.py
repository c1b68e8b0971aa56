"""The symbols that a module file needs and those that it exports, each with its CRC."""

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
    """A symbol that a module takes from elsewhere."""

    name: str
    crc: int
    weak: bool = False


class Linkage(NamedTuple):
    """How a module hangs together with others."""

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
    """(symbol, CRC) of each export, in the order of .symtab; where none has a CRC, each with 0.

    Raises as ``needed``.
    """
    elf = Elf(contents.module(path), path)
    found = exports(elf, _symbols(elf))
    if not found:
        raise _none(path, "exported symbols")
    return found


def exports(elf: Elf, symbols: Iterable[Symbol]) -> list[tuple[str, int]]:
    """(symbol, CRC) of each export among ``symbols``; where none has a CRC, each with 0."""
    found = [
        (symbol.name[len(CRC) :], _crc(elf, symbol)) for symbol in symbols if symbol.name.startswith(CRC)
    ]
    return found or [
        (decode.text(name), 0) for name in decode.strings(elf.section("__ksymtab_strings") or b"")
    ]


def needs(elf: Elf, symbols: Iterable[Symbol]) -> list[ImportedSymbol]:
    """The undefined ones of ``symbols``, then what only __versions names; a CRC that is not there is 0."""
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
    """What the module file ``path`` exports and needs; raises NotFound or BadModule."""
    elf = Elf(contents.module(path), path)
    symbols = _symbols(elf)
    return Linkage(exports(elf, symbols), needs(elf, symbols))


def _none(path: str, what: str) -> BadModule:
    return BadModule(path, f"{path}: it has no {what}", errno.ENODATA)


def _crc(elf: Elf, symbol: Symbol) -> int:
    """The value itself if it is absolute (Linux before 5.19), else the word that it points to."""
    if symbol.st_shndx == SHN_ABS:
        return symbol.st_value
    try:
        words = elf.content(symbol.st_shndx)
        return int(unpack_from("<I" if elf.order == "little" else ">I", words, symbol.st_value)[0])
    except error:
        return 0
