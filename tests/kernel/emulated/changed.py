"""Parts of a damaged module that a real kernel has changed by the time it reads or relocates them."""

from __future__ import annotations

from struct import iter_unpack, unpack_from
from typing import Final, NamedTuple

from pymodutils.elf.constants import SHT_RELA, SHT_SYMTAB
from tests.kernel.emulated.mutants import ENTRY, HEADER, RELA, SYMBOL

STRUCT: Final = b".gnu.linkonce.this_module\0"


class Row(NamedTuple):
    """A section header with the relevant fields."""

    name: int
    kind: int
    offset: int
    size: int
    link: int
    info: int


def names_in_what_changes(data: bytes) -> bool:
    """Whether symbol names are read from section headers or struct module."""
    table = _table(data)
    symtab = next((row for row in table if row.kind == SHT_SYMTAB), None)
    if symtab is None:
        return False
    (start,) = unpack_from("<Q", data, 40)
    structs = (table[at] for at in _structs(data, table))
    changed = [(start, start + ENTRY * len(table)), *((it.offset, it.offset + it.size) for it in structs)]
    base = table[symtab.link].offset if symtab.link < len(table) else 0
    places = (base + name for (name,) in _rows(data, symtab, "<I20x", SYMBOL))
    return any(low <= place < high for place in places for low, high in changed)


def relocated_fields(data: bytes) -> set[int]:
    """The offsets in struct module that are relocated."""
    table = _table(data)
    structs = _structs(data, table)
    rows = (row for row in table if row.kind == SHT_RELA and row.info in structs)
    return {offset for row in rows for (offset,) in _rows(data, row, "<Q16x", RELA)}


def _table(data: bytes) -> list[Row]:
    if len(data) < HEADER:
        return []
    (start,), (count,) = unpack_from("<Q", data, 40), unpack_from("<H", data, 60)
    ends = min(start + ENTRY * count, len(data))
    return [Row(*unpack_from("<II16xQQII", data, at)) for at in range(start, ends - ENTRY + 1, ENTRY)]


def _structs(data: bytes, table: list[Row]) -> set[int]:
    """The indexes of the sections named like that of struct module."""
    (strings,) = unpack_from("<H", data, 62)
    names = table[strings].offset if strings < len(table) else 0
    return {at for at, row in enumerate(table) if data[names + row.name :].startswith(STRUCT)}


def _rows(data: bytes, section: Row, code: str, size: int) -> list[tuple[int, ...]]:
    raw = data[section.offset : section.offset + section.size]
    return list(iter_unpack(code, raw[: len(raw) // size * size]))
