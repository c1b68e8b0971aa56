"""Who exports what: the kernel, or a module in it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from pymodutils.elf.kernelimage.exports import Export
from pymodutils.kernel.emulated import rows
from pymodutils.kernel.emulated.module import Found
from pymodutils.kernel.emulated.store import unsigned

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymodutils.kernel.emulated.module import Module
    from pymodutils.kernel.emulated.store import Store

KERNEL: Final = 0  # the owner of the kernel's own exports
AT_ONCE: Final = 64  # names that are looked up by one statement
QUERY: Final = "SELECT name, owner, address, crc, gpl, namespace FROM export WHERE name IN ({})"


class Exporters:
    """Answers about names that are asked for in the order of ``names``, so that many are looked up at once.

    Nothing may be exported or taken away meanwhile.
    """

    def __init__(self, store: Store, names: Iterable[str] = ()) -> None:
        self._store, self._names = store, iter(names)
        self._rows: dict[str, list[Any]] = {}  # of the names that were looked up last
        self._owners: dict[int, Module] = {}

    def find(self, name: str, *, gpl: bool = True) -> Found | None:
        """Who exports ``name``: the kernel, else the newest module; without ``gpl``, to any licence."""
        if name not in self._rows:
            self._look_up(name)
        found = [row for row in self._rows[name] if gpl or not row[4]]
        if not found:
            return None
        _, owner, address, crc, only, namespace = min(found, key=_rank)
        return Found(name, Export(unsigned(address), crc, bool(only), namespace), self._owner(owner))

    def _look_up(self, name: str) -> None:
        wanted = {name, *islice(self._names, AT_ONCE - 1)}
        self._rows = {one: [] for one in wanted}
        for row in self._store.execute(QUERY.format(", ".join("?" * len(wanted))), *wanted):
            self._rows[row[0]].append(row)

    def _owner(self, number: int) -> Module | None:
        if number != KERNEL and number not in self._owners:
            self._owners[number] = rows.by_id(self._store, number)
        return self._owners.get(number)


def _rank(row: Any) -> tuple[bool, int, bool]:
    _, owner, _, _, gpl, _ = row
    return owner != KERNEL, -owner, gpl
