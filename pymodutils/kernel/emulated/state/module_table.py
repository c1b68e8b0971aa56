"""Modules as rows of the state file's tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pymodutils.blank import blank
from pymodutils.errors import BadState
from pymodutils.kernel.base import State
from pymodutils.kernel.emulated.state import sparse
from pymodutils.kernel.emulated.state.database import signed, unsigned
from pymodutils.kernel.emulated.state.module import Area, CoreKallsyms, KernelModule, PerCpu, SectAttr

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.blank import Blank
    from pymodutils.kernel.emulated.state.database import StateFile

MODULES: Final = (
    "SELECT id, name, state, taints, refs, init, exit, version, srcversion, import_ns, percpu, percpu_size, "
    "percpu_align, until, outcome, assumed, tail FROM module"
)
CHANGED: Final = (
    "UPDATE module SET state = ?, taints = ?, refs = ?, until = ?, outcome = ?, assumed = ? WHERE id = ?"
)
HELD: Final = "SELECT module, at, base, size, rowid, bytes IS NOT NULL FROM area"
OWNED: Final = ("area", "section", "string", "given", "event")  # tables whose rows belong to one module


def module(store: StateFile, row: Any) -> KernelModule:
    """The module in ``row`` of MODULES, with its areas; for sections see ``sections``."""
    number, name, state, taints, refs, init, exits, *rest = row
    version, srcversion, import_ns, percpu, size, align, until, outcome, assumed, tail = rest
    found = KernelModule(name)
    found.id, found.state, found.taints, found.refs = number, State(state), taints, refs
    found.init, found.exit = unsigned(init), unsigned(exits)
    found.version, found.srcversion, found.import_ns = version, srcversion, import_ns
    found.percpu = PerCpu(unsigned(percpu), size, align) if size else None
    found.until, found.outcome, found.assumed = until, outcome, bool(assumed)
    found.tail = CoreKallsyms(*map(int, tail.split())) if tail else None
    query = "SELECT name, base, size, init, freed FROM area WHERE module = ? ORDER BY at"
    found.areas = [
        Area(area, unsigned(base), length, bool(is_init), freed)
        for area, base, length, is_init, freed in store.execute(query, number)
    ]
    return found


def by_id(store: StateFile, number: int) -> KernelModule:
    """The module with the ID ``number``."""
    return module(store, store.execute(f"{MODULES} WHERE id = ?", number)[0])


def sections(store: StateFile, owner: KernelModule) -> list[SectAttr]:
    """The sections of ``owner`` in file order."""
    query = "SELECT name, area, address, size, flags, type, align FROM section WHERE module = ? ORDER BY at"
    return [_numbers(SectAttr(*row), unsigned) for row in store.execute(query, owner.id)]


def _numbers(section: SectAttr, turned: Callable[[int], int]) -> SectAttr:
    """``section`` with its 64-bit numbers converted by ``turned``."""
    _, _, address, size, flags, _, align = section
    return section._replace(
        address=turned(address), size=turned(size), flags=turned(flags), align=turned(align)
    )


def memory(store: StateFile, owner: KernelModule, area: int) -> Blank:
    """The contents of an area of ``owner``; empty if freed."""
    found = store.execute(f"{HELD} WHERE module = ? AND at = ?", owner.id, area)
    return Held(*found[0]).content(store) if found else bytearray()


class Held(NamedTuple):
    """An area with its contents."""

    module: int  # ID of the module
    at: int  # index of the area
    base: int
    size: int
    row: int
    stored: bool  # or its bytes are not known

    def content(self, store: StateFile) -> Blank:
        """What is in it, zeros if that is not stored; raises BadState."""
        if not self.stored:
            return blank(self.size)
        try:
            with store.blob("area", "bytes", self.row) as stored:
                return sparse.unpacked(stored, self.size)
        except ValueError as error:
            raise BadState(store.path, f"{store.path}: the file is damaged: {error}") from None


def held(store: StateFile, owner: KernelModule) -> list[Held]:
    """The areas that ``owner`` still has."""
    found = store.execute(f"{HELD} WHERE module = ?", owner.id)
    return [Held(number, at, unsigned(base), *rest) for number, at, base, *rest in found]


def held_at(store: StateFile, address: int) -> Held | None:
    """The area of any module that contains ``address``."""
    found = store.execute(f"{HELD} WHERE base <= ?1 AND ?1 < base + size", signed(address))
    return Held(*found[0])._replace(base=unsigned(found[0][2])) if found else None


def put_memory(store: StateFile, area: Held, content: Blank) -> None:
    """Change what is in ``area``, if that is stored."""
    if area.stored:
        store.execute("UPDATE area SET bytes = zeroblob(?) WHERE rowid = ?", sparse.size(content), area.row)
        with store.blob("area", "bytes", area.row) as stored:
            sparse.pack(content, stored)


def add(store: StateFile, new: KernelModule, contents: list[Blank | None]) -> None:
    """Add ``new`` with the ``contents`` of its areas, None for what is not to be stored; it gets its id."""
    columns = _columns(new)
    marks = ", ".join("?" * len(columns))
    new.id = store.insert(f"INSERT INTO module ({', '.join(columns)}) VALUES ({marks})", *columns.values())
    for at, (area, content) in enumerate(zip(new.areas, contents, strict=True)):
        values = (new.id, at, area.name, signed(area.base), area.size, area.init, area.freed)
        row = store.insert("INSERT INTO area VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", *values)
        if content is not None:
            put_memory(store, Held(new.id, at, area.base, area.size, row, stored=True), content)
    store.many(
        "INSERT INTO section VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(new.id, at, *_numbers(it, signed)) for at, it in enumerate(new.sections)],
    )


def save(store: StateFile, it: KernelModule) -> None:
    """Save the mutable fields of a module, except its memory."""
    values = it.state.value, it.taints, it.refs, it.until, it.outcome, it.assumed, it.id
    store.insert(CHANGED, *values)


def delete(store: StateFile, gone: KernelModule) -> None:
    """Remove every row of ``gone``."""
    for table in OWNED:
        store.execute(f"DELETE FROM {table} WHERE module = ?", gone.id)
    store.execute("DELETE FROM export WHERE owner = ?", gone.id)
    store.execute("DELETE FROM use WHERE user = ? OR used = ?", gone.id, gone.id)
    store.execute("DELETE FROM module WHERE id = ?", gone.id)


def _columns(of: KernelModule) -> dict[str, Any]:
    percpu = of.percpu or PerCpu(0, 0, 0)
    return {
        "name": of.name,
        "state": of.state.value,
        "taints": of.taints,
        "refs": of.refs,
        "init": signed(of.init),
        "exit": signed(of.exit),
        "version": of.version,
        "srcversion": of.srcversion,
        "import_ns": of.import_ns,
        "percpu": signed(percpu.address),
        "percpu_size": percpu.size,
        "percpu_align": percpu.align,
        "until": of.until,
        "outcome": of.outcome,
        "assumed": of.assumed,
        "tail": " ".join(map(str, of.tail)) if of.tail else None,
    }
