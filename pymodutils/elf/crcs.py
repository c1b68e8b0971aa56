"""The symbols that a module file needs and those that it exports, each with its CRC."""

from __future__ import annotations

import errno
from struct import error, unpack_from
from typing import TYPE_CHECKING, Final

from pymodutils.elf import compress, decode
from pymodutils.elf.scan import Elf
from pymodutils.errors import BadModule

if TYPE_CHECKING:
    from pymodutils.elf.decode import Symbol

CRC: Final = "__crc_"


def needed(path: str) -> list[tuple[str, int]]:
    """(symbol, CRC) of each record of __versions of the module file ``path``.

    Raises NotFound, or BadModule: ENODATA if there are none.
    """
    elf = Elf(compress.read(path), path)
    section = elf.section("__versions")
    if not section:
        raise _none(path, "versions of symbols")
    return decode.versions(section, elf.bits, elf.order)


def exported(path: str) -> list[tuple[str, int]]:
    """(symbol, CRC) of each export, in the order of .symtab; where none has a CRC, each with 0.

    Raises as ``needed``.
    """
    elf = Elf(compress.read(path), path)
    symtab, strtab = elf.section(".symtab") or b"", elf.section(".strtab") or b""
    symbols = decode.symbols(symtab, strtab, elf.bits, elf.order)
    found = [
        (symbol.name[len(CRC) :], _crc(elf, symbol)) for symbol in symbols if symbol.name.startswith(CRC)
    ]
    found = found or [
        (decode.text(name), 0) for name in decode.strings(elf.section("__ksymtab_strings") or b"")
    ]
    if not found:
        raise _none(path, "exported symbols")
    return found


def _none(path: str, what: str) -> BadModule:
    return BadModule(path, f"{path}: it has no {what}", errno.ENODATA)


def _crc(elf: Elf, symbol: Symbol) -> int:
    """The value itself if it is absolute (Linux before 5.19), else the word that it points to."""
    if symbol.st_shndx == decode.SHN_ABS:
        return symbol.st_value
    try:
        words = elf.content(symbol.st_shndx)
        return int(unpack_from("<I" if elf.order == "little" else ">I", words, symbol.st_value)[0])
    except error:
        return 0
