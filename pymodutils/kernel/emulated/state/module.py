"""struct module, as far as anybody can see it: values that the store keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.kernel.base import State

if TYPE_CHECKING:
    from pymodutils.elf.ksymtab import Export

NEW: Final = 0  # the id of a module that is not in the list yet


class Area(NamedTuple):
    """A range of memory that one module has to itself."""

    name: str
    base: int
    size: int  # bytes
    init: bool  # given back when init() has ended
    freed: int = 0  # bytes that it had before it was given back


class SectAttr(NamedTuple):
    """A section where it lies in memory."""

    name: str
    area: int
    address: int
    size: int
    flags: int
    type: int
    align: int


class CoreKallsyms(NamedTuple):
    """Where kallsyms finds the symbols that stay, by offsets in an area."""

    area: int
    symbols: int
    strings: int
    types: int
    length: int


class PerCpu(NamedTuple):
    """A module's part of the reserved per-cpu memory."""

    address: int
    size: int
    align: int


class KernelModule:
    """One module; what changes while it lives is changed in place and saved again."""

    __slots__ = (
        *("areas", "assumed", "exit", "id", "init", "name", "outcome", "percpu", "refs", "sections"),
        *("srcversion", "import_ns", "state", "tail", "taints", "until", "version"),
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.id = NEW
        self.state = State.COMING
        self.taints = 0
        self.refs = 1  # beside the base that a module has until it goes; this one is init()'s own
        self.init = self.exit = 0  # addresses of its functions, 0 for none
        self.version: str | None = None
        self.srcversion: str | None = None
        self.import_ns: str | None = None  # a line each
        self.percpu: PerCpu | None = None
        self.until: float | None = None  # when init() or exit() ends, if it takes time; since the epoch
        self.outcome = 0  # what init() will return
        self.assumed = False  # whether nobody said so
        self.tail: CoreKallsyms | None = None
        self.areas: list[Area] = []
        self.sections: list[SectAttr] = []

    @property
    def permanent(self) -> bool:
        """Whether it can only be removed by force."""
        return bool(self.init) and not self.exit

    @property
    def count(self) -> int:
        """Its uses, as refcnt shows them; -1 when it goes and nobody is left."""
        return -1 if self.state is State.GOING and not self.refs else self.refs

    def size(self, *, init: bool) -> int:
        """Bytes of its areas of one kind."""
        return sum(area.size for area in self.areas if area.init == init)


class FoundSymbol(NamedTuple):
    """An export, and the module that has it: None for the kernel itself."""

    name: str
    export: Export
    owner: KernelModule | None
