"""Relocatable files with given sections, symbols and relocations."""

from __future__ import annotations

from struct import pack
from typing import NamedTuple

from pymodutils.arch.model import Arch
from pymodutils.elf.constants import SHF_ALLOC, SHF_EXECINSTR, SHT_REL, SHT_RELA
from pymodutils.elf.headers import PREFIXES

PROGBITS, SYMTAB, STRTAB = 1, 2, 3


class Part(NamedTuple):
    """A section to create."""

    name: str
    data: bytes = b""
    flags: int = SHF_ALLOC | SHF_EXECINSTR
    kind: int = PROGBITS
    align: int = 1
    size: int | None = None  # where it is not that of the data
    link: int = 0
    info: int = 0
    entry: int = 0


class Sym(NamedTuple):
    """A symbol to create: by default global and undefined."""

    name: str
    value: int = 0
    section: int = 0
    info: int = 0x10


class Rel(NamedTuple):
    """A relocation to create; REL has no addend."""

    offset: int
    number: int
    symbol: int
    addend: int = 0
    data: int = 0  # between number and symbol


class Table:
    """Strings, concatenated."""

    def __init__(self) -> None:
        self.data = b"\0"

    def add(self, name: str) -> int:
        """The offset of ``name``."""
        if not name:
            return 0
        self.data += name.encode() + b"\0"
        return len(self.data) - len(name) - 1


def make(
    arch: Arch,
    parts: list[Part],
    symbols: list[Sym],
    relocs: dict[int, list[Rel]],
    *,
    e_flags: int = 0,
    rela: bool | None = None,
) -> bytes:
    """A relocatable file: ``parts`` are sections 1 and on, ``relocs`` apply to the section of their key.

    Relocations are RELA by default, if the architecture supports it.
    """
    order = PREFIXES[arch.order]
    rela = arch.rela is None if rela is None else rela
    strings = Table()
    table = b"".join(_symbol(arch, order, symbol, strings.add(symbol.name)) for symbol in symbols)
    symtab = len(parts) + len(relocs) + 1
    everything = [Part(""), *parts]
    for target, rows in relocs.items():
        data = b"".join(_relocation(arch, order, row, rela=rela) for row in rows)
        kind, name = (SHT_RELA, ".rela") if rela else (SHT_REL, ".rel")
        entry = (3 if rela else 2) * arch.bits // 8
        part = Part(name + parts[target - 1].name, data, 0x40, kind, 8, link=symtab, info=target, entry=entry)
        everything.append(part)
    first = next((at for at, symbol in enumerate(symbols) if symbol.info >> 4), len(symbols))
    size = 24 if arch.bits == 64 else 16
    everything += [
        Part(
            ".symtab",
            _symbol(arch, order, Sym("", info=0), 0) + table,
            0,
            SYMTAB,
            8,
            link=symtab + 1,
            info=first + 1,
            entry=size,
        ),
        Part(".strtab", strings.data, 0, STRTAB),
    ]
    return _file(arch, order, everything, e_flags)


def _symbol(arch: Arch, order: str, symbol: Sym, name: int) -> bytes:
    if arch.bits == 64:
        return pack(f"{order}IBBHQQ", name, symbol.info, 0, symbol.section, symbol.value, 0)
    return pack(f"{order}IIIBBH", name, symbol.value, 0, symbol.info, 0, symbol.section)


def _relocation(arch: Arch, order: str, row: Rel, *, rela: bool) -> bytes:
    words, addend = ("QQ", "q") if arch.bits == 64 else ("II", "i")
    return pack(order + words, row.offset, _info(arch, row)) + (
        pack(order + addend, row.addend) if rela else b""
    )


def _info(arch: Arch, row: Rel) -> int:
    if arch.bits == 32:
        return row.symbol << 8 | row.number & 0xFF
    if (arch.name, arch.order) == ("mips", "little"):
        return row.number << 56 | row.symbol
    return row.symbol << 32 | row.data << 8 | row.number


def _file(arch: Arch, order: str, parts: list[Part], e_flags: int) -> bytes:
    names = Table()
    wide = arch.bits == 64
    head, entry = (64, 64) if wide else (52, 40)
    parts = [*parts, Part(".shstrtab", b"", 0, STRTAB)]
    starts = [names.add(part.name) for part in parts]
    parts[-1] = parts[-1]._replace(data=names.data)
    body, headers = b"", b""
    for part, name in zip(parts, starts, strict=True):
        body += b"\0" * (-len(body) % 16)
        size = len(part.data) if part.size is None else part.size
        kind, flags, align = (part.kind, part.flags, part.align) if part.name else (0, 0, 0)
        row = (name, kind, flags, 0, head + len(body), size, part.link, part.info, align, part.entry)
        headers += pack(order + ("IIQQQQIIQQ" if wide else "10I"), *row)
        body += part.data
    body += b"\0" * (-len(body) % 16)
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if arch.order == "little" else 2, 1]) + bytes(9)
    kind_and_machine = pack(order + "HHI", 1, arch.machines[0], 1)
    places = pack(order + ("QQQ" if wide else "III"), 0, 0, head + len(body))
    counts = pack(order + "IHHHHHH", e_flags, head, 0, 0, entry, len(parts), len(parts) - 1)
    return ident + kind_and_machine + places + counts + body + headers
