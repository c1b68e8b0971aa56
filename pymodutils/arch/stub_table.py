"""Tables that the loader fills as it relocates: of stubs, and of words (a GOT)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymodutils.arch.plt_got import NO_ROOM, Refusal

if TYPE_CHECKING:
    from pymodutils.arch.plt_got import PlacedModule
    from pymodutils.arch.range import Range
    from pymodutils.arch.reloc import Diagnostic


class StubTable:
    """Space for entries; the last ``spare`` ones stay free."""

    def __init__(
        self, module: PlacedModule, span: Range, size: int, *, spare: int = 0, full: Diagnostic = NO_ROOM
    ) -> None:
        self.module, self.span, self.size, self.full = module, span, size, full
        self.limit = (span.high - span.low) // size - spare
        self.count = 0
        self.known: dict[object, int] = {}  # the address of the latest entry for each value

    @property
    def next(self) -> int:
        """The address of the next entry."""
        return self.span.low + self.size * self.count

    def add(self, value: object, content: bytes) -> int:
        """Add an entry with ``content`` for ``value`` and return its address; raises Refusal if full."""
        address = self.next
        if self.count >= self.limit:
            raise Refusal(self.full)
        self.module.write(address, content)
        self.known[value] = address
        self.count += 1
        return address


class Got(StubTable):
    """A global offset table."""

    def __init__(
        self, module: PlacedModule, span: Range, *, spare: int = 0, full: Diagnostic = NO_ROOM
    ) -> None:
        super().__init__(module, span, module.bits // 8, spare=spare, full=full)

    def of(self, value: int) -> int:
        """The address of the slot for ``value``."""
        if value not in self.known:
            self.add(value, self.module.word(value))
        return self.known[value]
