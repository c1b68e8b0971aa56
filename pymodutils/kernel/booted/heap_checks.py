"""Checks of kmalloc() memory: bounds, use after free, double free, uninitialized reads, leaks.

A module's calls of kmalloc() and the like return a block of a ``Heap``, and every access to it by any code is
checked. kfree() only marks the block: no address is reused.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pymodutils.errors import BadKernel
from pymodutils.kernel.booted.heap import Heap
from pymodutils.kernel.booted.misuse import Note, byte_count
from pymodutils.kernel.booted.observer import Observer
from pymodutils.kernel.booted.replace import KMALLOC
from pymodutils.machine.guest import GFP_KERNEL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pymodutils.kernel.booted.heap import Block
    from pymodutils.kernel.booted.host import Host
    from pymodutils.kernel.booted.misuse import Notes
    from pymodutils.kernel.booted.returns import Returns

ORDER: Final = 10  # of the pages of the heap: 4 MiB, the most that the kernel gives at once
PAGES: Final = ("__get_free_pages", "get_free_pages_noprof")
SIZE: Final = 4096 << ORDER
LARGEST: Final = SIZE // 8  # bytes of a block; a larger one is the kernel's
GFP_ZERO: Final = 0x100
FREES: Final = ("kfree", "kfree_sensitive", "kvfree_call_rcu")
SIZES: Final = ("ksize", "__ksize")
REALLOCATES: Final = ("krealloc", "krealloc_noprof", "krealloc_node_align_noprof")


class HeapChecks(Observer):
    """The blocks of modules, and accesses to them."""

    def __init__(self, kernel: Host, notes: Notes, returns: Returns) -> None:
        super().__init__(kernel, notes, returns)
        pages = next(filter(kernel.guest.lookup, PAGES), PAGES[0])
        base = kernel.guest.call(pages, GFP_KERNEL, ORDER)
        if not base:
            raise BadKernel("memory", "the machine has no 4 MiB left for the checks: give it more memory")
        self.heap = Heap(base, SIZE)

    def attach(self) -> None:
        """Watch the processor that the machine has now."""
        for names, call in (
            (KMALLOC, self._allocates),
            (REALLOCATES, self._reallocates),
            (FREES, self._frees),
            (SIZES, self._asks),
        ):
            for name in names:
                self._function(name, call)
        start = self.machine.space.physical(self.heap.base)
        self._physical = self.heap.base - start
        self.machine.cpu.watch_memory(range(start, start + SIZE), self._accessed)
        self.machine.space.written = self._written

    def _function(self, name: str, call: Callable[[Mapping[str, int], int], None]) -> None:
        btf = self.kernel.btf
        prototype = btf.function(name) if btf else None
        if prototype:
            places = {it.name: at for at, it in enumerate(prototype.parameters)}
            self.watch([name], partial(call, places))

    # Calls

    def _words(self) -> list[int]:
        """The register arguments at the start of a function."""
        return self.machine.arguments(len(self.kernel.guest.calls.registers))

    def _allocates(self, places: Mapping[str, int], function: int) -> None:
        words = self._words()
        by = words[places["caller"]] if "caller" in places else self.caller()
        size = words[places["size"]]
        if not (by in self.machine.modules or self.ours(function)) or not 0 < size <= LARGEST:
            return
        zero = bool(words[places.get("flags", places.get("gfpflags", 1))] & GFP_ZERO)
        address = self.heap.allocate(size, by, written=zero)
        if address:
            if zero:
                self.machine.space.write(address, bytes(size))
            self.machine.cpu.leave(address)

    def _frees(self, places: Mapping[str, int], _function: int) -> None:
        words = self._words()
        address = words[places.get("ptr", 0)]
        if "func" in places:  # of kvfree_call_rcu(): the offset of the rcu_head, or what is to be freed
            address = address - words[places["func"]] if address else words[places["func"]]
        if address not in self.heap:
            return
        self._free(address)
        self.machine.cpu.leave(0)

    def _free(self, address: int) -> None:
        block, by = self.heap.block(address), self.site()
        if block is None or block.address != address:
            self._note("invalid free", "a free of an address within a block", by, block)
        elif block.freed:
            self._note("double free", f"a double free of {byte_count(block.size)}", by, block)
        else:
            block.freed = by

    def _reallocates(self, places: Mapping[str, int], _function: int) -> None:
        words = self._words()
        old, size = words[places["p"]], words[places["new_size"]]
        block = self.heap.block(old) if old in self.heap else None
        if block is None:
            return
        new = self.heap.allocate(size, self.caller(), written=False)
        copy = self.heap.block(new)
        kept = min(size, block.size)
        self.machine.space.write(new, self.machine.space.read(old, kept) + bytes(size - kept))
        if copy is not None:
            copy.written[:kept] = block.written[:kept]
            copy.written[kept:] = bytes(size - kept)
        self._free(old)
        self.machine.cpu.leave(new)

    def _asks(self, _places: Mapping[str, int], _function: int) -> None:
        address = self.machine.arguments(1)[0]
        block = self.heap.block(address) if address in self.heap else None
        if block:
            self.machine.cpu.leave(block.size)

    # Accesses

    def _accessed(self, write: bool, place: int, size: int) -> None:
        address = place + self._physical
        block = self.heap.block(address)
        if block is None:
            return
        offset = address - block.address
        if not block.freed and offset >= 0 and offset + size <= block.size:
            if write:
                block.written[offset : offset + size] = b"\1" * size
            elif not any(block.written[offset : offset + size]):
                self._unwritten(block, offset, size)
            return
        kind = "write" if write else "read"
        if block.freed and 0 <= offset < block.size:
            what = f"after free, at offset {offset} of {byte_count(block.size)}"
        elif offset < 0:
            what = f"{byte_count(-offset)} before {byte_count(block.size)}"
        else:
            what = f"at offset {offset} of {byte_count(block.size)}"
        self._note(kind, f"a {kind} of {byte_count(size)} {what}", self._by(), block)

    def _unwritten(self, block: Block, offset: int, size: int) -> None:
        """A read of uninitialised memory, by a module itself; functions that copy also read padding."""
        if self.machine.cpu.pc in self.machine.modules:
            what = (
                f"a read of {byte_count(size)} never written, at offset {offset} of {byte_count(block.size)}"
            )
            self._note("unwritten", what, self._by(), block)

    def _written(self, address: int, size: int) -> None:
        """Python wrote to the kernel's memory."""
        block = self.heap.block(address) if address in self.heap else None
        if block is not None and address >= block.address:
            offset = address - block.address
            kept = max(min(size, block.size - offset), 0)
            block.written[offset : offset + kept] = b"\1" * kept

    def _by(self) -> int:
        rip = self.machine.cpu.pc
        return rip if rip in self.machine.modules else self.site()

    def _note(self, kind: str, what: str, by: int, block: Block | None) -> None:
        places = by, block.allocated if block else 0, block.freed if block else 0
        self.notes.add(Note(kind, what, places), by)

    def left(self) -> Iterator[tuple[Note, int]]:
        """The blocks that are not freed, and their addresses."""
        for block in self.heap.live():
            yield Note("leak", f"a leak of {byte_count(block.size)}", (0, block.allocated, 0)), block.address

    def save(self) -> dict[str, Any]:
        """The state, for ``restore``."""
        return {"blocks": self.heap.save()}

    def restore(self, saved: dict[str, Any]) -> None:
        """Restore a saved state."""
        self.heap.restore(saved["blocks"])
