"""Functions that are not exported: modules that import them get a stub, or the function itself.

The kernel's find_symbol() is answered here for those names, as if the kernel exported them without a CRC.
"""

from __future__ import annotations

from struct import pack
from typing import TYPE_CHECKING, Final

from pymodutils.errors import BadKernel
from pymodutils.kernel.booted import values
from pymodutils.machine.paging import PAGE

if TYPE_CHECKING:
    from pymodutils.elf.ctype import Struct
    from pymodutils.kernel.booted.values import KernelObject
    from pymodutils.machine.guest import Guest
    from pymodutils.machine.hooks import Watch

ALLOCATORS: Final = {"module_alloc": (PAGE,), "execmem_alloc": (0, PAGE)}  # the second: EXECMEM_MODULE_TEXT
SIZE: Final = 32  # bytes of one: struct kernel_symbol, then code
CODE: Final = 16
ARGUMENT: Final = "struct find_symbol_arg"
QUESTION: Final = 0x400  # where one lies in the data page of the guest
QUESTION_NAME: Final = 0x480
LONGEST: Final = 128


class Stubs:
    """The stubs in the kernel of ``guest``, in a page that modules can call."""

    def __init__(self, guest: Guest, kind: Struct) -> None:
        self.guest, self.kind = guest, kind
        self.made: dict[str, int] = {}  # name -> its struct kernel_symbol
        self._page = 0
        self._watch: Watch | None = None

    def exported(self, name: str) -> bool:
        """Whether the kernel or a module that is loaded exports ``name``."""
        space, place = self.guest.machine.space, self.guest.data + QUESTION
        space.write(self.guest.data + QUESTION_NAME, name.encode()[: LONGEST - 1] + b"\0")
        space.write(place, bytes(self.kind.size))
        question = values.KernelObject(space, self.kind, place)
        question.name, question.gplok = self.guest.data + QUESTION_NAME, 1
        return bool(self.guest.call("find_symbol", place) & 0xFF)

    def make(self, name: str, function: int = 0) -> int:
        """Link modules that import ``name`` to ``function``, or to a new stub; return its address."""
        if name in self.made:
            return self.made[name] + CODE
        if len(self.made) == PAGE // SIZE:
            raise BadKernel(name, f"no room for a stub of {name}: {len(self.made)} are in use")
        symbol = self._area() + SIZE * len(self.made)
        place = function or symbol + CODE
        self.guest.machine.space.write(
            symbol, pack("<iii", place - symbol, 0, 0).ljust(CODE, b"\0") + self.guest.calls.ends_block
        )
        self.guest.machine.cpu.flush()
        self.made[name] = symbol
        self.listen()
        return place

    def listen(self) -> None:
        """Answer for the stubs, on the processor that the machine has now."""
        cpu = self.guest.machine.cpu
        if self._watch is None or not cpu.watched(self._watch):
            self._watch = cpu.watch(self.guest.address("find_symbol"), self._on_find_symbol)

    def restore(self, made: dict[str, int], guest: Guest) -> None:
        """Set the stubs to ``made``, which are in the memory of ``guest``."""
        self.guest, self.made = guest, dict(made)
        self._page = min(made.values(), default=0)
        if made:
            self.listen()

    def _area(self) -> int:
        if not self._page:
            name = next(filter(self.guest.lookup, ALLOCATORS), "")
            if not name:
                raise BadKernel("stub", f"this kernel has no {' or '.join(ALLOCATORS)} to make a stub with")
            self._page = self.guest.call(name, *ALLOCATORS[name])
            for how in ("set_memory_ro", "set_memory_x"):
                self.guest.call(how, self._page, 1)
        return self._page

    def _on_find_symbol(self) -> None:
        """At the start of find_symbol(): answer if it looks up a stub."""
        machine = self.guest.machine
        question = values.KernelObject(machine.space, self.kind, machine.arguments(1)[0])
        symbol = self.made.get(_text(question))
        if symbol:
            question.sym = symbol
            machine.cpu.leave(1)


def _text(question: KernelObject) -> str:
    found: str = question.name.string()
    return found
