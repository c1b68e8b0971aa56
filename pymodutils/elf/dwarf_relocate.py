"""The relocations of debug sections, all at once: they are a hundred times more than all others."""

from __future__ import annotations

from struct import iter_unpack, pack_into, unpack_from
from typing import Final

from pymodutils.elf.constants import SHF_COMPRESSED, SHT_RELA

SUMS: Final = {  # e_machine -> relocation whose value is S + A -> its format
    62: {1: "<Q", 10: "<I"},  # R_X86_64_64 and 32
    183: {257: "<Q", 258: "<I"},  # R_AARCH64_ABS64 and 32
}


def relocate(data: bytearray) -> bool:
    """Relocate the debug sections of the 64-bit little-endian ELF file ``data``.

    False for a machine whose relocations are no plain sums, and for compressed sections: then some are left.
    """
    sums = SUMS.get(unpack_from("<H", data, 18)[0])
    start, size, count, names = *unpack_from("<Q", data, 40), *unpack_from("<HHH", data, 58)
    if not sums or data[4:6] != b"\2\1" or size != 64:  # noqa: PLR2004 -- bytes of Elf64_Shdr
        return False
    headers = [unpack_from("<IIQQQQIIQQ", data, start + n * size) for n in range(count)]
    strings = headers[names]
    for header in headers:
        target = headers[header[7]] if header[1] == SHT_RELA else None
        if header[2] & SHF_COMPRESSED:
            return False
        if target and data.startswith(b".debug_", strings[4] + target[0]):
            values = _values(data, headers[header[6]])
            if not _apply(
                data, memoryview(bytes(data[header[4] : header[4] + header[5]])), target[4], values, sums
            ):
                return False
    return True


def _values(data: bytearray, table: tuple[int, ...]) -> list[int]:
    """st_value of every symbol of the table with that header."""
    return [value for *_, value, _ in iter_unpack("<IBBHQQ", data[table[4] : table[4] + table[5]])]


def _apply(data: bytearray, entries: memoryview, start: int, values: list[int], sums: dict[int, str]) -> bool:
    for offset, info, addend in iter_unpack("<QQq", entries):
        form = sums.get(info & 0xFFFFFFFF)
        if form is None:
            return False
        mask = (1 << 64) - 1 if form == "<Q" else 0xFFFFFFFF
        pack_into(form, data, start + offset, values[info >> 32] + addend & mask)
    return True
