"""Find the exporter of a symbol: the kernel, or a loaded module."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from pymodutils.elf.ksymtab import Export
from pymodutils.kernel.emulated.state import module_table
from pymodutils.kernel.emulated.state.database import unsigned
from pymodutils.kernel.emulated.state.module import FoundSymbol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pymodutils.kernel.emulated.state.database import StateFile
    from pymodutils.kernel.emulated.state.module import KernelModule

KERNEL: Final = 0  # the owner of the kernel's own exports
AT_ONCE: Final = 64  # names looked up by one statement
QUERY: Final = "SELECT name, owner, address, crc, gpl, namespace FROM export WHERE name IN ({})"


class Exporters:
    """Finds exporters of names requested in the order of ``names``, so that many are looked up at once.

    ``kernel`` caches the exports of the kernel itself, which do not change until the next boot. The exports
    of modules must not change meanwhile.
    """

    def __init__(self, store: StateFile, kernel: dict[str, FoundSymbol], names: Iterable[str] = ()) -> None:
        self._store, self._kernel, self._names = store, kernel, iter(names)
        self._rows: dict[str, list[Any]] = {}  # exports of modules for the last names looked up
        self._owners: dict[int, KernelModule] = {}

    def find(self, name: str, *, gpl: bool = True) -> FoundSymbol | None:
        """The export ``name`` of the kernel, else of the newest module; GPL-only ones only with ``gpl``."""
        if name not in self._kernel and name not in self._rows:
            self._look_up(name)
        found = self._kernel.get(name) or self._newest(name, gpl=gpl)
        return found if found and (gpl or not found.export.gpl) else None

    def _look_up(self, name: str) -> None:
        unknown = (one for one in self._names if one not in self._kernel)
        wanted = {name, *islice(unknown, AT_ONCE - 1)}
        self._rows = {one: [] for one in wanted}
        for row in self._store.execute(QUERY.format(", ".join("?" * len(wanted))), *wanted):
            if row[1] == KERNEL:
                self._kernel[row[0]] = _found(row, None)
            else:
                self._rows[row[0]].append(row)

    def _newest(self, name: str, *, gpl: bool) -> FoundSymbol | None:
        usable = [row for row in self._rows[name] if gpl or not row[4]]
        if not usable:
            return None
        row = max(usable, key=lambda row: (row[1], not row[4]))
        if row[1] not in self._owners:
            self._owners[row[1]] = module_table.by_id(self._store, row[1])
        return _found(row, self._owners[row[1]])


def findable(names: Sequence[bytes]) -> list[int]:
    """Which of the ``names`` of a table binary search finds: all, if it is sorted; lib/bsearch.c."""
    every = range(len(names))
    if all(names[at - 1] < names[at] for at in every[1:]):
        return list(every)
    return [at for at in every if _search(names, names[at]) == at]


def _search(names: Sequence[bytes], name: bytes) -> int | None:
    low, count = 0, len(names)
    while count:
        pivot = low + count // 2
        if names[pivot] == name:
            return pivot
        if names[pivot] < name:
            low, count = pivot + 1, count - 1
        count //= 2
    return None


def _found(row: Any, owner: KernelModule | None) -> FoundSymbol:
    name, _, address, crc, gpl, namespace = row
    return FoundSymbol(name, Export(unsigned(address), crc, bool(gpl), namespace), owner)
