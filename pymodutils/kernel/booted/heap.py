"""The heap of checked modules: blocks of kmalloc() with gaps, none reused.

An address thus shows whether it is in a block, in a redzone or in a freed block.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

GAP: Final = 64  # minimum bytes between two blocks
ALIGNMENT: Final = (
    16  # alignment of a block; a size that is a power of two is aligned to itself, as in kmalloc()
)
PAGE: Final = 4096


@dataclass
class Block:
    """``size`` bytes at ``address``; ``allocated`` and ``freed`` are addresses of the callers, or 0."""

    address: int
    size: int
    allocated: int
    freed: int = 0
    written: bytearray = field(default_factory=bytearray)  # a 1 for each byte that has been written


class Heap:
    """``size`` bytes at ``base``, allocated without reuse."""

    def __init__(self, base: int, size: int) -> None:
        self.base, self.end = base, base + size
        self.blocks: list[Block] = []  # by address
        self._starts: list[int] = []
        self._next = base + GAP

    def __contains__(self, address: int) -> bool:
        return self.base <= address < self.end

    def allocate(self, size: int, by: int, *, written: bool = False) -> int:
        """The address of a new block; 0 if out of memory."""
        alignment = min(size, PAGE) if size and not size & size - 1 else ALIGNMENT
        address = -(-self._next // max(alignment, ALIGNMENT)) * max(alignment, ALIGNMENT)
        if address + size + GAP > self.end:
            return 0
        self.blocks.append(Block(address, size, by, written=bytearray(b"\1" if written else b"\0") * size))
        self._starts.append(address)
        self._next = address + size + GAP
        return address

    def block(self, address: int) -> Block | None:
        """The block that contains ``address``, or else the nearest one."""
        at = bisect_right(self._starts, address)
        before = self.blocks[at - 1] if at else None
        after = self.blocks[at] if at < len(self.blocks) else None
        if before is None or after is None or address < before.address + before.size:
            return before or after
        gap = address - before.address - before.size
        return before if gap <= after.address - address else after

    def live(self) -> Iterator[Block]:
        """The blocks not freed."""
        return (block for block in self.blocks if not block.freed)

    def save(self) -> list[tuple[int, int, int, int, bytes]]:
        """All blocks, for ``restore``."""
        return [(it.address, it.size, it.allocated, it.freed, bytes(it.written)) for it in self.blocks]

    def restore(self, saved: list[tuple[int, int, int, int, bytes]]) -> None:
        """Restore saved blocks."""
        self.blocks = [Block(*it[:4], bytearray(it[4])) for it in saved]
        self._starts = [it.address for it in self.blocks]
        last = self.blocks[-1] if self.blocks else None
        self._next = last.address + last.size + GAP if last else self.base + GAP
