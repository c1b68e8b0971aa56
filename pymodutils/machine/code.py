"""The code of a kernel: its text, and what it writes later, for modules and by JIT.

unicorn compares stores with translated code only up to the first one into a page that is not executable at
that address. So what is translated of code that the kernel has written is forgotten here.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from pymodutils.machine.paging import PAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymodutils.machine.machine import Machine

TEXT: Final = ("_stext", "_etext")
WRITERS: Final = {  # functions after which there is new code -> the argument with its size, and the unit
    "set_memory_x": (1, PAGE),
    "set_memory_rox": (1, PAGE),
    "text_poke_copy": (2, 1),
}
NAMES: Final = (*TEXT, *WRITERS)


def text(machine: Machine, names: Mapping[str, int]) -> tuple[int, range]:
    """The address of the kernel's text, and its pages in RAM."""
    first, last = (names[name] for name in TEXT)
    start = machine.space.physical(first) // PAGE
    return first & -PAGE, range(start, start + (last - (first & -PAGE)) // PAGE + 1)


class NewCode:
    """Code that the kernel on ``machine`` writes: what is translated of it is forgotten then."""

    def __init__(self, machine: Machine, names: Mapping[str, int]) -> None:
        self.machine = machine
        self._written: dict[int, range] = {}  # by the stack pointer of a WRITERS that has not returned
        self._backs: set[int] = set()
        for name, (argument, unit) in WRITERS.items():
            if names[name]:
                machine.cpu.watch(names[name], partial(self._begins, argument, unit))

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
