"""Tables that the loader fills as it relocates: of stubs, and of words (a GOT)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymodutils.arch.frob import Frobbed, HeaderChange
from pymodutils.arch.plt_got import NO_ROOM, Refusal, StubBuilder

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.arch.frob import UnplacedModule
    from pymodutils.arch.plt_got import PlacedModule, Relocation
    from pymodutils.arch.range import Range
    from pymodutils.arch.reloc import Diagnostic, Relocations


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


class PltPair(StubBuilder):
    """The entries of .plt for calls from the core, and of .init.plt for all others; 32-bit machines."""

    size: int  # bytes of an entry

    def __init__(self, module: PlacedModule) -> None:
        super().__init__(module)
        self.core, self.init = (
            StubTable(module, module.sections[name], self.size) for name in (".plt", ".init.plt")
        )

    def goal(self, one: Relocation) -> int:
        """The entry that leads to the target of a call."""
        table = self.core if one.P in self.module.core else self.init
        return self.entry(table, one.S + one.A & 0xFFFF_FFFF)

    def entry(self, table: StubTable, target: int) -> int:
        """The address of the entry of ``table`` for ``target``, which is added if absent."""
        if target not in table.known:
            table.add(target, self.code(target))
        return table.known[target]

    def code(self, target: int) -> bytes:
        """The instructions that jump to ``target``."""
        raise NotImplementedError


def frob_pair(
    info: UnplacedModule, missing: Diagnostic, size: int, entries: Callable[[Relocations], int]
) -> Frobbed:
    """Reserve ``size`` bytes in .plt and .init.plt for each of the ``entries`` of a relocation section."""
    core, init = info.find(".plt"), info.find(".init.plt")
    if not core or not init:
        raise Refusal(missing)
    counts = {core: 0, init: 0}
    for at, relocs in info.relocations.items():
        counts[init if ".init" in info.sections[at].name else core] += entries(relocs)
    return Frobbed({at: HeaderChange(sh_size=size * count) for at, count in counts.items()})
