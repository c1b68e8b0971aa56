"""struct module: the visible part, stored in the state file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.kernel.base import State

if TYPE_CHECKING:
    from pymodutils.elf.ksymtab import Export

NEW: Final = 0  # ID of a module not yet in the list


class Area(NamedTuple):
    """A memory area of a module."""

    name: str
    base: int
    size: int  # bytes
    init: bool  # freed at the end of init()
    freed: int = 0  # size in bytes before it was freed


class SectAttr(NamedTuple):
    """A section in memory."""

    name: str
    area: int
    address: int
    size: int
    flags: int
    type: int
    align: int


class CoreKallsyms(NamedTuple):
    """The place of the kept symbols, as offsets in an area."""

    area: int
    symbols: int
    strings: int
    types: int
    length: int


class PerCpu(NamedTuple):
    """A module's part of the reserved per-CPU memory."""

    address: int
    size: int
    align: int


class KernelModule:
    """A module; changes are made in place and saved."""

    __slots__ = (
        *("areas", "assumed", "exit", "id", "init", "name", "outcome", "percpu", "refs", "sections"),
        *("srcversion", "import_ns", "state", "tail", "taints", "until", "version"),
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.id = NEW
        self.state = State.COMING
        self.taints = 0
        self.refs = 1  # without the base reference held until removal, but with the one during init()
        self.init = self.exit = 0  # addresses of init() and exit(), 0 for none
        self.version: str | None = None
        self.srcversion: str | None = None
        self.import_ns: str | None = None  # one per line
        self.percpu: PerCpu | None = None
        self.until: float | None = (
            None  # end of init() or exit() in seconds since the epoch, if it takes time
        )
        self.outcome = 0  # result of init()
        self.assumed = False  # whether the result is assumed
        self.tail: CoreKallsyms | None = None
        self.areas: list[Area] = []
        self.sections: list[SectAttr] = []

    @property
    def permanent(self) -> bool:
        """Whether it can only be removed by force."""
        return bool(self.init) and not self.exit

    @property
    def count(self) -> int:
        """The reference count, as in refcnt; -1 if going and unused."""
        return -1 if self.state is State.GOING and not self.refs else self.refs

    def size(self, *, init: bool) -> int:
        """The size of its core or init areas."""
        return sum(area.size for area in self.areas if area.init == init)


class FoundSymbol(NamedTuple):
    """An export and its module, None for the kernel itself."""

    name: str
    export: Export
    owner: KernelModule | None
