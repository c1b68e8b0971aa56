"""Virtual memory: walk x86-64 page tables in RAM; Intel SDM 3A, 4.5."""

from __future__ import annotations

from struct import pack, unpack_from
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from mmap import mmap

PAGE: Final = 4096
LEVELS: Final = (39, 30, 21, 12)
PRESENT, WRITABLE, USER, LARGE = 1, 2, 4, 0x80
FRAME: Final = 0xFFFFFFFFFF000


class Unmapped(Exception):
    """No page table maps ``address``."""

    def __init__(self, address: int) -> None:
        super().__init__(f"{address:#x} is not mapped")
        self.address = address


class AddressSpace:
    """The address space of the page table at ``root`` (CR3) in ``ram``."""

    def __init__(self, ram: mmap, root: int = 0) -> None:
        self.ram, self.root = ram, root
        self.written: Callable[[int, int], None] | None = None  # called with address and length of a write

    def physical(self, address: int) -> int:
        """The physical address of ``address``; raises Unmapped."""
        table = self.root & FRAME
        for shift in LEVELS:
            entry: int = unpack_from("<Q", self.ram, table + (address >> shift & 511) * 8)[0]
            if not entry & PRESENT:
                raise Unmapped(address)
            table = entry & FRAME
            if shift == LEVELS[-1] or (shift < LEVELS[0] and entry & LARGE):
                low = (1 << shift) - 1
                return table & ~low | address & low
        raise Unmapped(address)

    def read(self, address: int, length: int) -> bytes:
        """``length`` bytes at ``address``; raises Unmapped."""
        return b"".join(self.ram[place : place + size] for place, size in self._pieces(address, length))

    def write(self, address: int, data: bytes) -> None:
        """Write ``data`` at ``address``, even if read-only for the kernel; raises Unmapped."""
        done = 0
        for place, size in self._pieces(address, len(data)):
            self.ram[place : place + size] = data[done : done + size]
            done += size
        if self.written:
            self.written(address, len(data))

    def number(self, address: int) -> int:
        """The 64-bit number at ``address``."""
        return int.from_bytes(self.read(address, 8), "little")

    def string(self, address: int, longest: int = PAGE) -> bytes:
        """The bytes at ``address`` up to a NUL, at most ``longest``."""
        found = b""
        while len(found) < longest and b"\0" not in found:
            found += self.read(address + len(found), 64 - (address + len(found)) % 64)
        return found.split(b"\0")[0][:longest]

    def map(self, address: int, place: int, new_table: Iterator[int]) -> None:
        """Map the user page at ``address`` to ``place``; missing tables come from ``new_table``."""
        table = self.root & FRAME
        for shift in LEVELS[:-1]:
            where = table + (address >> shift & 511) * 8
            entry: int = unpack_from("<Q", self.ram, where)[0]
            if not entry & PRESENT:
                entry = next(new_table) | PRESENT | WRITABLE | USER
                self._entry(where, entry)
            table = entry & FRAME
        self._entry(table + (address >> LEVELS[-1] & 511) * 8, place | PRESENT | WRITABLE | USER)

    def _entry(self, where: int, value: int) -> None:
        self.ram[where : where + 8] = pack("<Q", value)

    def _pieces(self, address: int, length: int) -> Iterator[tuple[int, int]]:
        while length > 0:
            size = min(length, PAGE - address % PAGE)
            yield self.physical(address), size
            address, length = address + size, length - size
