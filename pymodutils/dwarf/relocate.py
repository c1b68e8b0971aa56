"""The relocations of debug sections, all at once: they are a hundred times more than all others."""

from __future__ import annotations

from struct import iter_unpack, pack_into, unpack_from
from typing import TYPE_CHECKING, Final

from pymodutils import arch as archs
from pymodutils.arch.field import CODES
from pymodutils.elf.constants import SHF_COMPRESSED, SHT_RELA

if TYPE_CHECKING:
    from mmap import mmap

DEBUG: Final = b".debug_"
FORMATS: Final = {size: f"<{code}" for size, code in CODES.items()}  # of whole words, by their bytes
LITTLE64: Final = b"\2\1"  # e_ident[EI_CLASS] and [EI_DATA] of ELFCLASS64, ELFDATA2LSB


def relocate(data: bytearray | mmap) -> bool:
    """Relocate the debug sections of the 64-bit little-endian ELF file ``data``.

    False if some are left: on machines whose relocations are not plain sums, and in compressed sections.
    """
    sums = _sums(unpack_from("<H", data, 18)[0]) if data[4:6] == LITTLE64 else {}
    start, size, count, names = *unpack_from("<Q", data, 40), *unpack_from("<HHH", data, 58)
    if not sums or size != 64:  # noqa: PLR2004 -- bytes of Elf64_Shdr
        return False
    headers = [unpack_from("<IIQQQQIIQQ", data, start + n * size) for n in range(count)]
    strings = headers[names]
    for header in headers:
        target = headers[header[7]] if header[1] == SHT_RELA else None
        if header[2] & SHF_COMPRESSED:
            return False
        name = strings[4] + target[0] if target else 0
        if target and data[name : name + len(DEBUG)] == DEBUG:
            values = _values(data, headers[header[6]])
            if not _apply(
                data, memoryview(bytes(data[header[4] : header[4] + header[5]])), target[4], values, sums
            ):
                return False
    return True


def _sums(machine: int) -> dict[int, int]:
    """The relocation types of this e_machine whose value is S + A, with its bytes."""
    found = (arch for arch in archs.of_machine(machine) if (arch.bits, arch.order) == (64, "little"))
    return next((arch.sums for arch in found), {})


def _values(data: bytearray | mmap, table: tuple[int, ...]) -> list[int]:
    """st_value of every symbol of the table with that header."""
    return [value for *_, value, _ in iter_unpack("<IBBHQQ", data[table[4] : table[4] + table[5]])]


def _apply(
    data: bytearray | mmap, entries: memoryview, start: int, values: list[int], sums: dict[int, int]
) -> bool:
    for offset, info, addend in iter_unpack("<QQq", entries):
        size = sums.get(info & 0xFFFFFFFF)
        if size is None:
            return False
        pack_into(FORMATS[size], data, start + offset, values[info >> 32] + addend & (1 << 8 * size) - 1)
    return True
