"""Allocate addresses for modules like vmalloc, and reserved per-CPU memory.

The lowest gap that is large enough is used, from the machine's fallback range if there is none in the first,
with a guard page after each area.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.arch.range import Range
from pymodutils.kernel.emulated.state.database import signed, unsigned

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymodutils.arch.model import Arch
    from pymodutils.kernel.emulated.state.database import StateFile
    from pymodutils.kernel.emulated.state.module import PerCpu

VMALLOC: Final = {  # by width, for architectures without a module range
    32: Range(0xF000_0000, 0xFF00_0000),
    64: Range(0xFFFF_C900_0000_0000, 0xFFFF_E900_0000_0000),
}
RESERVED: Final = 8 << 10  # bytes for the per-CPU sections of all modules; PERCPU_MODULE_RESERVE
UNIT: Final = 4  # bytes; PCPU_MIN_ALLOC_SIZE


def open_range(store: StateFile, arch: Arch) -> None:
    """Mark the whole module range of ``arch`` as free."""
    for low, high in ranges(arch):
        store.insert("INSERT INTO gap VALUES (?, ?)", signed(low), high - low)


def ranges(arch: Arch) -> list[Range]:
    """The module ranges of ``arch``, the second as a fallback."""
    first = arch.memory if any(arch.memory) else VMALLOC[arch.bits]
    return [first, arch.spare] if any(arch.spare) else [first]


def gaps(store: StateFile) -> list[tuple[int, int]]:
    """Address and size of each gap, by address."""
    return sorted((unsigned(base), size) for base, size in store.execute("SELECT base, size FROM gap"))


def take(store: StateFile, size: int, page: int, arch: Arch) -> int | None:
    """Allocate ``size`` bytes and return the address; None if there is no such gap."""
    need = whole(size, page) + page
    lowest = "SELECT base, size FROM gap WHERE size >= ? AND base BETWEEN ? AND ? ORDER BY base LIMIT 1"
    for span in ranges(arch):
        found = store.execute(lowest, need, signed(span.low), signed(span.high) - need)
        if found:
            base, room = found[0]
            return _taken(store, base, room, need)
    return None


def _taken(store: StateFile, base: int, room: int, need: int) -> int:
    """Allocate the first ``need`` bytes of a gap."""
    if room > need:
        store.execute("UPDATE gap SET base = base + ?1, size = size - ?1 WHERE base = ?2", need, base)
    else:
        store.execute("DELETE FROM gap WHERE base = ?", base)
    return unsigned(base)


def give_back(store: StateFile, base: int, size: int, page: int) -> None:
    """Free an allocation of ``take``, merged with adjacent gaps."""
    low, size = signed(base), whole(size, page) + page
    before = "SELECT base, size FROM gap WHERE base < ? ORDER BY base DESC LIMIT 1"
    behind = "SELECT base, size FROM gap WHERE base > ? ORDER BY base LIMIT 1"
    for other, room in store.execute(before, low) + store.execute(behind, low):
        if other + room == low or low + size == other:
            store.execute("DELETE FROM gap WHERE base = ?", other)
            low, size = min(low, other), size + room
    store.insert("INSERT INTO gap VALUES (?, ?)", low, size)


def percpu(used: Iterable[PerCpu], size: int, align: int, start: int) -> int | None:
    """The lowest free place in the reserved per-CPU memory, which starts at ``start``; None if full."""
    size, align = whole(size, UNIT), max(align, UNIT)
    at = whole(start, align)
    for taken in sorted(used):
        if at + size <= taken.address:
            break
        at = max(at, whole(taken.address + whole(taken.size, UNIT), align))
    return at if at + size <= start + RESERVED else None


def whole(size: int, unit: int) -> int:
    """``size`` rounded up to a multiple of ``unit``."""
    return -(-size // unit) * unit
