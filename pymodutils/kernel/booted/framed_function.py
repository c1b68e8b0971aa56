"""A function of a module in memory, with arrays or structures in its frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pymodutils.dwarf.variables import MemoryVariable, StackFrame
    from pymodutils.machine.cpu import Cpu

WORD: Final = 8
CLOSE: Final = 1 << 14  # bytes: farther from the CFA is another stack


class FramedFunction:
    """The function of ``frame``, ``shift`` bytes after where debug information has it."""

    def __init__(self, frame: StackFrame, shift: int) -> None:
        self.frame, self.shift = frame, shift
        self.code = range(frame.code.start + shift, frame.code.stop + shift)

    def cfa(self, address: int, cpu: Cpu) -> int:
        """The CFA when the instruction at ``address`` is about to run."""
        row = self.frame.row(address - self.shift)
        return cpu[cpu.dwarf.get(row.register, cpu.stack_pointer)] + row.offset

    def alive(self, address: int, cpu: Cpu) -> list[MemoryVariable]:
        """The variables that exist at ``address``, with their addresses."""
        cfa = self.cfa(address, cpu)
        return [it._replace(start=it.start + cfa) for it in self.frame.at(address - self.shift)]

    def any(self, address: int, cfa: int) -> MemoryVariable | None:
        """The variable at ``address`` in any part of the function."""
        places = (it for it, _ in self.frame.variables if it.has(address - cfa))
        return next((it._replace(start=it.start + cfa) for it in places), None)

    def saved(self, at: int, target: int, size: int) -> str:
        """What of the caller is ``target`` bytes from the CFA when the code ``at`` runs; "" for nothing."""
        for place, register in self.frame.row(at - self.shift).saved.items():
            if place < target + size and target < place + WORD:
                return "the return address" if register == self.frame.return_address else "a saved register"
        return ""
