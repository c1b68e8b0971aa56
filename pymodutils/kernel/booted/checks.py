"""What an unmodified module does wrong with memory of kmalloc(): bounds, use after free, double free, leaks.

kmalloc() and the like, called by a module, are answered here with a block of a ``Heap``, and every access to
that is looked at, by any code. kfree() of a block only marks it: no address is used twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.errors import BadKernel, ModutilsError
from pymodutils.kernel.booted.heap import Block, Heap
from pymodutils.kernel.booted.replace import KMALLOC, OURS
from pymodutils.machine.guest import GFP_KERNEL, IN_REGISTERS
from pymodutils.machine.paging import Unmapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pymodutils.kernel.booted.host import Host

ORDER: Final = 10  # of the pages of the heap: 4 MiB, the most that the kernel gives at once
PAGES: Final = ("__get_free_pages", "get_free_pages_noprof")
SIZE: Final = 4096 << ORDER
LARGEST: Final = SIZE // 8  # bytes of a block; a larger one is the kernel's
CALL: Final = b"\xe8"  # with a displacement of four bytes
GFP_ZERO: Final = 0x100
FREES: Final = ("kfree", "kfree_sensitive", "kvfree_call_rcu")
SIZES: Final = ("ksize", "__ksize")
REALLOCATES: Final = ("krealloc", "krealloc_noprof", "krealloc_node_align_noprof")


class Misuse(NamedTuple):
    """One thing that is wrong: ``what``, and ``where`` each of it happened."""

    what: str
    where: str
    allocated: str
    freed: str = ""

    def __str__(self) -> str:
        told = f"{self.what} at {self.where}" if self.where else self.what
        freed = f", freed at {self.freed}" if self.freed else ""
        return f"{told}; allocated at {self.allocated}{freed}" if self.allocated else told


class Note(NamedTuple):
    """A misuse by addresses: of the code, and of the calls that allocated and freed."""

    kind: str
    what: str
    places: tuple[int, int, int]


class Saved(NamedTuple):
    """What checks know."""

    blocks: list[tuple[int, int, int, int]]
    noted: dict[tuple[str, int], Note]


class Misused(ModutilsError):
    """What a test has to say of ``found``, all of it."""

    def __init__(self, found: list[Misuse]) -> None:
        super().__init__("memory", "\n".join(map(str, found)))
        self.found = found


class Checks:
    """The checks of ``kernel``."""

    def __init__(self, kernel: Host) -> None:
        self.kernel, self.machine = kernel, kernel.guest.machine
        pages = next(filter(kernel.guest.lookup, PAGES), PAGES[0])
        base = kernel.guest.call(pages, GFP_KERNEL, ORDER)
        if not base:
            raise BadKernel("memory", "the machine has no 4 MiB left for the checks: give it more memory")
        self.heap = Heap(base, SIZE)
        self._noted: dict[tuple[str, int], Note] = {}
        self.attach()

    def attach(self) -> None:
        """Watch the processor of the kernel, which may be a new one."""
        self.machine = self.kernel.guest.machine
        cpu = self.machine.cpu
        for name in KMALLOC:
            self._function(name, self._allocates)
        for name in REALLOCATES:
            self._function(name, self._reallocates)
        for name in FREES:
            self._function(name, self._frees)
        for name in SIZES:
            self._function(name, self._asks)
        start = self.machine.space.physical(self.heap.base)
        self._physical = self.heap.base - start
        cpu.watch_memory(start, start + SIZE, self._accessed)

    def _function(self, name: str, call: Callable[[Mapping[str, int]], None]) -> None:
        address = self.kernel.guest.lookup(name)
        btf = self.kernel.btf
        prototype = btf.function(name) if btf and address else None
        if not prototype:
            return
        places = {it.name: at for at, it in enumerate(prototype.parameters)}
        self.machine.cpu.watch(address, lambda: call(places))

    # Calls

    def _allocates(self, places: Mapping[str, int]) -> None:
        words = self.machine.arguments(IN_REGISTERS)
        by = words[places["caller"]] if "caller" in places else self._caller()
        size = words[places["size"]]
        if by not in OURS or not 0 < size <= LARGEST:
            return
        address = self.heap.allocate(size, by)
        if address:
            if words[places.get("flags", places.get("gfpflags", 1))] & GFP_ZERO:
                self.machine.space.write(address, bytes(size))
            self.machine.cpu.leave(address)

    def _frees(self, places: Mapping[str, int]) -> None:
        words = self.machine.arguments(IN_REGISTERS)
        address = words[places.get("ptr", 0)]
        if "func" in places:  # of kvfree_call_rcu(): the offset of the rcu_head, or what is to be freed
            address = address - words[places["func"]] if address else words[places["func"]]
        if address not in self.heap:
            return
        self._free(address)
        self.machine.cpu.leave(0)

    def _free(self, address: int) -> None:
        block, by = self.heap.block(address), self._site()
        if block is None or block.address != address:
            self._note("invalid free", "a free of an address within a block", by, block)
        elif block.freed:
            self._note("double free", f"a double free of {_bytes(block.size)}", by, block)
        else:
            block.freed = by

    def _reallocates(self, places: Mapping[str, int]) -> None:
        words = self.machine.arguments(IN_REGISTERS)
        old, size = words[places["p"]], words[places["new_size"]]
        block = self.heap.block(old) if old in self.heap else None
        if block is None:
            return
        new = self.heap.allocate(size, self._caller())
        kept = min(size, block.size)
        self.machine.space.write(new, self.machine.space.read(old, kept) + bytes(size - kept))
        self._free(old)
        self.machine.cpu.leave(new)

    def _asks(self, _places: Mapping[str, int]) -> None:
        address = self.machine.arguments(1)[0]
        block = self.heap.block(address) if address in self.heap else None
        if block:
            self.machine.cpu.leave(block.size)

    def _caller(self) -> int:
        """The end of the call of the function that begins."""
        return self.machine.space.number(self.machine.cpu["RSP"]) - 1

    def _site(self) -> int:
        """The code of a module that is responsible, if it is near; else the caller."""
        return next(self._returns(), self._caller())

    def _returns(self) -> Iterator[int]:
        """What on the stack is an address of a module after a call; others are data, or left over."""
        stack = self.machine.cpu["RSP"]
        try:
            for at in range(0, 256, 8):
                found = self.machine.space.number(stack + at)
                if found in OURS and self.machine.space.read(found - 5, 1) == CALL:
                    yield found - 1
        except Unmapped:
            return

    # Accesses

    def _accessed(self, write: bool, place: int, size: int) -> None:
        address = place + self._physical
        block = self.heap.block(address)
        if block is None:
            return
        offset = address - block.address
        if not block.freed and offset >= 0 and offset + size <= block.size:
            return
        kind = "write" if write else "read"
        if block.freed and 0 <= offset < block.size:
            what = f"after free, at offset {offset} of {_bytes(block.size)}"
        elif offset < 0:
            what = f"{_bytes(-offset)} before {_bytes(block.size)}"
        else:
            what = f"at offset {offset} of {_bytes(block.size)}"
        rip = self.machine.cpu["RIP"]
        self._note(kind, f"a {kind} of {_bytes(size)} {what}", rip if rip in OURS else self._site(), block)

    def _note(self, kind: str, what: str, by: int, block: Block | None) -> None:
        places = by, block.allocated if block else 0, block.freed if block else 0
        self._noted.setdefault((kind, by), Note(kind, what, places))

    def leaks(self) -> None:
        """Note the blocks that are not freed; for when their module is gone."""
        for block in self.heap.live():
            note = Note("leak", f"a leak of {_bytes(block.size)}", (0, block.allocated, 0))
            self._noted.setdefault(("leak", block.address), note)

    def save(self) -> Saved:
        """All that is known, for ``restore``."""
        return Saved(self.heap.save(), dict(self._noted))

    def restore(self, saved: Saved) -> None:
        """Let be known what was saved."""
        self.heap.restore(saved.blocks)
        self._noted = dict(saved.noted)

    @property
    def found(self) -> list[Misuse]:
        """What was found, the first of each kind at each place."""
        once: dict[tuple[str, ...], Misuse] = {}
        for it in self._noted.values():
            names = [self.kernel.name(place) if place else "" for place in it.places]
            once.setdefault((it.kind, *names), Misuse(it.what, *names))
        return list(once.values())

    def verify(self) -> None:
        """Raise Misused if anything was found."""
        if found := self.found:
            raise Misused(found)


def _bytes(count: int) -> str:
    return f"{count} byte" if count == 1 else f"{count} bytes"
