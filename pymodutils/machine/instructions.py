"""The instructions of a processor, where an architecture reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.machine.operand import Operand


class Instructions:
    """A processor whose instructions are not known."""

    call: ClassVar[tuple[int, int]] = (0, 4)  # from a relocation to the start of a call, and to its end
    dwarf: ClassVar[dict[int, str]] = {}  # DWARF's numbers of the registers that a frame may be found by

    @property
    def preempt_base(self) -> int:
        """The address that the place of preempt_count is relative to."""
        return 0

    def operand(self, address: int) -> Operand | None:  # noqa: ARG002 -- an architecture's
        """What the instruction at ``address`` accesses in memory, by registers; None if that is not known."""
        return None

    def operands(self, area: range) -> Iterator[tuple[int, Operand]]:  # noqa: ARG002 -- the same
        """The instructions of ``area`` that access memory, as ``operand``; up to one that is not known."""
        return iter(())

    def calls(self, address: int) -> bool:  # noqa: ARG002 -- the same
        """Whether a call of a function by its address in the instruction ends at ``address``."""
        return False

    def jumps(self, address: int) -> bool:  # noqa: ARG002 -- the same
        """Whether the call at ``address`` is a jump: the function returns to the caller of this one."""
        return False
