"""The code of a kernel: its text, and what it writes later, for modules and by JIT.

unicorn compares stores with translated code only up to the first one into a page that is not executable at
that address. So what is translated of code that the kernel has written is forgotten here.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from pymodutils.machine.paging import PAGE

if TYPE_CHECKING:
    from pymodutils.machine.guest import Guest

TEXT: Final = ("_stext", "_etext")
WRITERS: Final = {  # functions after which there is new code -> the argument with its size, and the unit
    "set_memory_x": (1, PAGE),
    "set_memory_rox": (1, PAGE),
    "text_poke_copy": (2, 1),
}
NAMES: Final = (*TEXT, *WRITERS)


def text(guest: Guest) -> tuple[int, range]:
    """The address of the kernel's text, and its pages in RAM."""
    first, last = (guest.address(name) for name in TEXT)
    start = guest.machine.space.physical(first) // PAGE
    return first & -PAGE, range(start, start + (last - (first & -PAGE)) // PAGE + 1)


class NewCode:
    """Code that a kernel on the machine of ``guest`` writes: what is translated of it is forgotten then."""

    def __init__(self, guest: Guest) -> None:
        self.machine = guest.machine
        self._written: dict[int, range] = {}  # by the stack pointer of a WRITERS that has not returned
        self._backs: set[int] = set()
        for name, (argument, unit) in WRITERS.items():
            if guest.names.get(name):
                self.machine.cpu.watch(guest.names[name], partial(self._begins, argument, unit))

    def _begins(self, argument: int, unit: int) -> None:
        cpu = self.machine.cpu
        cpu.read_roots()
        words, back = self.machine.arguments(3), cpu.back
        size = (words[argument] & 0x7FFFFFFF) * unit
        self._written[cpu.sp + cpu.pushed] = range(words[0] & -PAGE, words[0] + size, PAGE)
        if back not in self._backs:
            self._backs.add(back)
            cpu.watch(back, self._returned)

    def _returned(self) -> None:
        cpu = self.machine.cpu
        for address in self._written.pop(cpu.sp, ()):
            cpu.forget(address)
