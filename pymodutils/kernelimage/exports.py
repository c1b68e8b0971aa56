"""Read the export tables of a kernel image with their CRCs and strings."""

from __future__ import annotations

import re
from itertools import repeat
from struct import unpack_from
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.elf.ksymtab import FLAGS, Export, KsymtabFormat, gpl_only
from pymodutils.errors import BadKernel

if TYPE_CHECKING:
    from pymodutils.elf.headers import Section
    from pymodutils.elf.scan import Elf
    from pymodutils.kernelimage.memory import ImageMemory

TABLES: Final = ("", "_gpl", "_unused", "_unused_gpl", "_gpl_future")  # in memory order
GPL_TABLES: Final = ("_gpl", "_unused_gpl")
NAME: Final = re.compile(rb"[A-Za-z_.$][\w.$]*")
NAMESPACE: Final = re.compile(rb"[!-~]{0,200}")  # "module:one,two-*" since 6.16
NARROW: Final = 4  # bytes of a CRC since 4.10


SHAPES: Final = (
    KsymtabFormat(True, 3),
    KsymtabFormat(False, 3),
    KsymtabFormat(True, 2),
    KsymtabFormat(False, 2),
)


class ExportTable(NamedTuple):
    """One export table found in an image."""

    offset: int  # in the file
    length: int
    crcs: list[int] | None
    gpl: list[bool]  # flags of each entry


def read(memory: ImageMemory, shape: KsymtabFormat, tables: list[ExportTable]) -> dict[str, Export]:
    """Every export of ``tables``; raises BadKernel if a name lies outside the image."""
    found: dict[str, Export] = {}
    for table in tables:
        crcs = table.crcs or repeat(None, table.length)
        rows = entries(memory, shape, table.offset, table.length)
        for (value, name, space), crc, gpl in zip(rows, crcs, table.gpl, strict=True):
            text = memory.string(name)
            namespace = memory.string(space) if space else b""
            if not text or namespace is None:
                raise BadKernel("kernel image", "the kernel's export table names a place outside it")
            key = text.decode("utf-8", "surrogateescape")
            found[key] = Export(value, crc, gpl, namespace.decode("utf-8", "surrogateescape"))
    return found


def entries(
    memory: ImageMemory, shape: KsymtabFormat, offset: int, length: int
) -> list[tuple[int, int, int]]:
    """(value, name, namespace) of ``length`` entries, as addresses; 0 for no namespace."""
    end = offset + length * shape.size(memory.bits)
    if end > len(memory.data):
        raise BadKernel("kernel image", "an export table lies outside it")
    place = memory.address(offset) if shape.relative else 0
    return shape.rows(memoryview(memory.data)[offset:end], length, place, memory.bits, memory.order)


def in_sections(memory: ImageMemory, elf: Elf) -> tuple[KsymtabFormat, list[ExportTable]] | None:
    """The format of the tables of a vmlinux with section headers, and the tables; None if there are none."""
    sections = {section.name: section for section in elf.sections}
    total = sections.get("__ksymtab") or sections.get("__ksymtab_gpl")
    if total is None:
        return None
    shape = _shape(memory, total)
    tables = [table for kind in TABLES for table in _table(memory, shape, sections, kind)]
    return shape, tables


def _table(
    memory: ImageMemory, shape: KsymtabFormat, sections: dict[str, Section], kind: str
) -> list[ExportTable]:
    symbols = sections.get(f"__ksymtab{kind}")
    count = symbols.sh_size // shape.size(memory.bits) if symbols else 0
    if symbols is None or not count:
        return []
    crcs = sections.get(f"__kcrctab{kind}")
    numbers = crcs and read_crcs(memory, crcs.sh_offset, count, crcs.sh_size // count)
    flags = sections.get(FLAGS)
    if flags is None or kind:
        return [ExportTable(symbols.sh_offset, count, numbers, [kind in GPL_TABLES] * count)]
    gpl = gpl_only(memory.data[flags.sh_offset : flags.sh_offset + count])
    if len(gpl) != count:
        raise BadKernel("kernel image", f"its {FLAGS} is shorter than its __ksymtab")
    return [ExportTable(symbols.sh_offset, count, numbers, gpl)]


def read_crcs(memory: ImageMemory, offset: int, count: int, size: int) -> list[int] | None:
    """``count`` CRCs of ``size`` bytes each; None if ``size`` is not a size of CRCs."""
    if size not in (NARROW, memory.word) or offset + count * size > len(memory.data):
        return None
    code = "I" if size == NARROW else "Q"
    return list(unpack_from(f"{memory.prefix}{count}{code}", memory.data, offset))


def _shape(memory: ImageMemory, section: Section) -> KsymtabFormat:
    """The only format in which the names of the first entries are strings in the image."""
    for shape in SHAPES:
        count = min(section.sh_size // shape.size(memory.bits), 16)
        rows = entries(memory, shape, section.sh_offset, count)
        names = [name_of(memory, name, space) for _, name, space in rows]
        if all(names) and names == sorted(names):
            return shape
    raise BadKernel("kernel image", "the entries of its __ksymtab are of no known shape")


def name_of(memory: ImageMemory, name: int, namespace: int) -> bytes:
    """The name at the address ``name``; b"" if it or ``namespace`` is invalid for an entry."""
    text = memory.string(name)
    if not text or not NAME.fullmatch(text):
        return b""
    space = memory.string(namespace) if namespace else b""
    return b"" if space is None or not NAMESPACE.fullmatch(space) else text
