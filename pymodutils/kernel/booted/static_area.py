"""The static variables of a section of a module in memory."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from pymodutils.dwarf import variables
from pymodutils.dwarf.variables import MemoryVariable
from pymodutils.elf.constants import SHF_WRITE
from pymodutils.machine.paging import PAGE

if TYPE_CHECKING:
    from pymodutils.kernel.booted.module import LiveModule
    from pymodutils.machine.operand import Operand

JUMP: Final = 8  # bytes of an entry of a table of jumps


class StaticArea:
    """The variables from ``start`` to ``end``, and what is unused up to ``limit``."""

    def __init__(self, module: LiveModule, number: int) -> None:
        file, self.start = module.file, module.areas[number]
        base, self.end = file.bases[number], self.start + file.sizes[number]
        page = -(-self.end // PAGE) * PAGE
        self.limit = min((it for it in module.areas.values() if self.end <= it < page), default=page)
        known = variables.statics(file)
        self.variables = [
            _typed(MemoryVariable(start - base + self.start, size, name), known.get(start))
            for start, size, name in file.objects
            if base <= start < base + file.sizes[number]
        ]
        self._starts = [it.start for it in self.variables]
        self._writable = bool(file.elf and file.elf.get_section(number)["sh_flags"] & SHF_WRITE)

    def __contains__(self, address: int) -> bool:
        return self.start <= address < self.limit

    def before(self, address: int) -> MemoryVariable | None:
        """The last variable that does not begin after ``address``."""
        at = bisect_right(self._starts, address)
        return self.variables[at - 1] if at else None

    def at(self, address: int) -> MemoryVariable | None:
        """The variable that contains ``address``."""
        found = self.before(address)
        return found if found and found.has(address) else None

    def unused(self, address: int) -> bool:
        """Whether nothing is at ``address``; constants need no symbol."""
        return self.at(address) is None and (self._writable or address >= self.end)

    def is_out(self, operand: Operand, pointer: int, variable: MemoryVariable, address: int) -> bool:
        """Whether an access at ``address`` by ``pointer``, which is in ``variable`` as it is not, is wrong.

        The compiler may have added a constant to the start of another variable.
        """
        hit = self.at(address)
        if hit:
            return not hit.may_be_meant(pointer)
        exact = variable.array and pointer == variable.start
        return self.unused(address) or (exact and operand.scale == variable.element != JUMP)


def _typed(found: MemoryVariable, known: MemoryVariable | None) -> MemoryVariable:
    """``found`` with what debug information has."""
    return found._replace(array=known.array, element=known.element) if known else found
