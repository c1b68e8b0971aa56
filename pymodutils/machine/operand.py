"""The memory operand of an instruction: registers whose values give the address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

MASK: Final = (1 << 64) - 1


class Operand(NamedTuple):
    """``size`` bytes at ``base + offset * scale + displacement``; a register that is absent is ""."""

    base: str
    offset: str
    scale: int
    displacement: int
    size: int
    write: bool
    narrow: bool = False  # whether the offset is the lower half of its register, as a signed number

    def address(self, register: Callable[[str], int]) -> int:
        """The address, by the values of registers."""
        base = register(self.base) if self.base else 0
        return base + self._offset(register) * self.scale + self.displacement & MASK

    def pointers(self, register: Callable[[str], int]) -> tuple[int, ...]:
        """What the compiler may have meant as the start of what is accessed, without what varies."""
        found = [self.displacement & MASK] if self.base or self.offset else []
        if self.base and self.offset:
            found.append(register(self.base) + self.displacement & MASK)
        if self.base and self.offset and self.scale == 1:
            found.append(self._offset(register) + self.displacement & MASK)
        return tuple(found)

    def _offset(self, register: Callable[[str], int]) -> int:
        value = register(self.offset) if self.offset else 0
        return (value & 0xFFFFFFFF ^ 0x80000000) - 0x80000000 if self.narrow else value
