"""Virtual memory: walk page tables of four levels in RAM."""

from __future__ import annotations

from struct import pack, unpack_from
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from mmap import mmap

PAGE: Final = 4096
LEVELS: Final = (39, 30, 21, 12)
ENTRIES: Final = 512  # of a table
FRAME: Final = 0xFFFFFFFFF000
PRESENT: Final = 1  # in an entry of any architecture


class EntryFormat(NamedTuple):
    """The bits of entries."""

    large: tuple[int, int]  # of those in ``[0]``, a large page has ``[1]``
    table: int  # bits of an entry that refers to a table
    user: int  # bits of an entry of a page that user space may write to
    execute: tuple[int, int]  # of the bits in ``[0]``, a page that the kernel may execute has ``[1]``
    shift: int = 0  # bits by which a physical address is moved down in an entry

    def place(self, entry: int) -> int:
        """The physical address in ``entry``."""
        return entry << self.shift & FRAME


class Unmapped(Exception):
    """No page table maps ``address``: there is no entry at that level."""

    def __init__(self, address: int, level: int = 0) -> None:
        super().__init__(f"{address:#x} is not mapped")
        self.address, self.level = address, level


class AddressSpace:
    """The address space of page tables in ``ram``: of the lower and of the upper half, or twice the same."""

    def __init__(self, ram: mmap, entries: EntryFormat, roots: tuple[int, int] = (0, 0)) -> None:
        self.ram, self.entries, self.roots = ram, entries, roots
        self.written: Callable[[int, int], None] | None = None  # called with address and length of a write

    def physical(self, address: int) -> int:
        """The physical address of ``address``; raises Unmapped."""
        return self.walk(address)[0]

    def walk(self, address: int) -> tuple[int, int, int]:
        """The physical address of ``address``, its entry, and the level of that; raises Unmapped."""
        table = self.roots[address >> 63] & FRAME
        mask, large = self.entries.large
        for level, shift in enumerate(LEVELS):
            entry: int = unpack_from("<Q", self.ram, table + (address >> shift & ENTRIES - 1) * 8)[0]
            if not entry & PRESENT:
                raise Unmapped(address, level)
            table = self.entries.place(entry)
            if shift == LEVELS[-1] or (level and entry & mask == large):
                low = (1 << shift) - 1
                return table & ~low | address & low, entry, level
        raise Unmapped(address)

    def runs(self, address: int) -> bool:
        """Whether the kernel may execute what is at ``address``."""
        allowing, allowed = self.entries.execute
        try:
            return self.walk(address)[1] & allowing == allowed
        except Unmapped:
            return False

    def executable(self, area: range) -> Iterator[tuple[int, int]]:
        """Address and number of each page of ``area``, in the upper half, that the kernel may execute."""
        yield from self._executable(self.roots[1] & FRAME, 0, -1 << LEVELS[0] + 9, area)

    def _executable(self, table: int, level: int, base: int, area: range) -> Iterator[tuple[int, int]]:
        """The same for one table; its first entry is for ``base``."""
        size, (mask, large) = 1 << LEVELS[level], self.entries.large
        allowing, allowed = self.entries.execute
        start, stop = area.start - (1 << 64), area.stop - (1 << 64)
        first, last = max(start - base, 0) // size, min((stop - 1 - base) // size, ENTRIES - 1)
        for index, entry in enumerate(
            unpack_from(f"<{last + 1 - first}Q", self.ram, table + 8 * first), first
        ):
            if not entry & PRESENT:
                continue
            if level == len(LEVELS) - 1:
                if entry & allowing == allowed:
                    yield base + index * size + (1 << 64), self.entries.place(entry) // PAGE
            elif not level or entry & mask != large:
                yield from self._executable(self.entries.place(entry), level + 1, base + index * size, area)

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
        if address % PAGE > PAGE - 8:
            return int.from_bytes(self.read(address, 8), "little")
        found: int = unpack_from("<Q", self.ram, self.walk(address)[0])[0]
        return found

    def string(self, address: int, longest: int = PAGE) -> bytes:
        """The bytes at ``address`` up to a NUL, at most ``longest``."""
        found = b""
        while len(found) < longest and b"\0" not in found:
            found += self.read(address + len(found), 64 - (address + len(found)) % 64)
        return found.split(b"\0")[0][:longest]

    def map(self, address: int, place: int, new_table: Iterator[int]) -> None:
        """Map the user page at ``address`` to ``place``; missing tables are allocated by ``new_table``."""
        table = self.roots[address >> 63] & FRAME
        for shift in LEVELS[:-1]:
            where = table + (address >> shift & ENTRIES - 1) * 8
            entry: int = unpack_from("<Q", self.ram, where)[0]
            if not entry & PRESENT:
                entry = next(new_table) >> self.entries.shift | self.entries.table
                self._entry(where, entry)
            table = self.entries.place(entry)
        last = table + (address >> LEVELS[-1] & ENTRIES - 1) * 8
        self._entry(last, place >> self.entries.shift | self.entries.user)

    def _entry(self, where: int, value: int) -> None:
        self.ram[where : where + 8] = pack("<Q", value)

    def _pieces(self, address: int, length: int) -> Iterator[tuple[int, int]]:
        while length > 0:
            size = min(length, PAGE - address % PAGE)
            yield self.physical(address), size
            address, length = address + size, length - size
