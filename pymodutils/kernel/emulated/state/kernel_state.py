"""The state of an emulated kernel during an operation, in the kernel's terms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.blank import LARGE
from pymodutils.errors import BadState
from pymodutils.kern_levels import WARNING
from pymodutils.kernel.emulated.load.find_symbol import KERNEL, Exporters
from pymodutils.kernel.emulated.state import module_table
from pymodutils.kernel.emulated.state.database import signed, unsigned
from pymodutils.kernel.emulated.state.module import PerCpu
from pymodutils.kernel.emulated.state.printk import LogBuffer
from pymodutils.kernel.emulated.state.taints import UNRELIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pymodutils.blank import Blank
    from pymodutils.elf.ksymtab import Export
    from pymodutils.kernel.emulated.rules import Rules
    from pymodutils.kernel.emulated.state.database import StateFile
    from pymodutils.kernel.emulated.state.module import FoundSymbol, KernelModule

IMAGE: Final = "image"  # the setting with the image of the kernel that runs init()
BTF, KALLSYMS = "btf", "kallsyms"  # keys in the table of blobs
BTF_COUNT, BTF_STRINGS, EVENTS = "btf count", "btf strings", "events"  # derived from these
DEBUGGING_ENDS: Final = "Disabling lock debugging due to kernel taint"


class Behaviour(NamedTuple):
    """The preset behaviour of init() and exit()."""

    init: int = 0  # result of init()
    init_seconds: float = 0
    exit_seconds: float = 0
    assumed: bool = False  # whether the result is assumed


class KernelCache:
    """The parts of a kernel that do not change while it runs, as far as they were requested."""

    def __init__(self) -> None:
        self.exports: dict[str, FoundSymbol] = {}
        self.blobs: dict[str, bytes] = {}


class KernelState(LogBuffer):
    """The contents of ``store`` for a kernel with these ``rules``; valid only within a transaction.

    ``cache`` is kept across transactions.
    """

    def __init__(
        self,
        store: StateFile,
        rules: Rules,
        now: Callable[[], float],
        cache: KernelCache | None = None,
    ) -> None:
        super().__init__(store, rules, now)
        self._cache = cache or KernelCache()

    def uevent(self, action: str, name: str, more: str = "") -> None:
        """Send a uevent for the module ``name``."""
        columns = "INSERT INTO uevent (stamp, action, name, more) VALUES (?, ?, ?, ?)"
        self.store.insert(columns, self.now(), action, name, more)

    def removal(self, name: str) -> None:
        """Send the remove uevent of module ``name``, unless a synthetic one was sent before."""
        since = "SELECT max(id) FROM uevent WHERE name = ?1 AND action = 'add' AND more = ''"
        told = f"SELECT 1 FROM uevent WHERE name = ?1 AND action = 'remove' AND id > ({since})"
        if not self.store.execute(told, name):
            self.uevent("remove", name)

    # Settings

    def setting(self, name: str, default: int = 0) -> int:
        """A number that can change while the kernel runs."""
        found = self.store.execute("SELECT value FROM setting WHERE name = ?", name)
        if found and not isinstance(found[0][0], int | float):
            raise BadState(self.store.path, f"{self.store.path}: the file is damaged: {name} is no number")
        return found[0][0] if found else default

    def set(self, name: str, value: int) -> None:
        """Change a number."""
        self.store.insert("INSERT OR REPLACE INTO setting VALUES (?, ?)", name, value)

    @property
    def taints(self) -> int:
        """The bits of /proc/sys/kernel/tainted."""
        return self.setting("tainted")

    def tainted(self, flag: int) -> bool:
        """Whether the kernel has the taint ``flag``."""
        return bool(self.taints >> flag & 1)

    def taint(self, flag: int, module: KernelModule | None = None) -> None:
        """Taint the kernel, and ``module`` with it; kernel/panic.c: add_taint."""
        if flag in UNRELIABLE and self.once(DEBUGGING_ENDS):
            self.log(WARNING, DEBUGGING_ENDS)
        self.set("tainted", self.taints | 1 << flag)
        if module is not None:
            module.taints |= 1 << flag

    # Modules

    def find(self, name: str) -> KernelModule | None:
        """The module named ``name``, in any state."""
        found = self.store.execute(f"{module_table.MODULES} WHERE name = ?", name)
        return module_table.module(self.store, found[0]) if found else None

    def shown_as(self, name: str) -> list[KernelModule]:
        """The modules that sysfs shows as ``name``: slashes become exclamation marks."""
        query = f"{module_table.MODULES} WHERE replace(name, '/', '!') = ?"
        return [module_table.module(self.store, row) for row in self.store.execute(query, name)]

    def modules(self) -> Iterator[KernelModule]:
        """All modules, newest first."""
        for row in self.store.execute(f"{module_table.MODULES} ORDER BY id DESC"):
            yield module_table.module(self.store, row)

    def ended(self) -> list[KernelModule]:
        """The modules whose init() or exit() has ended by now, earliest first."""
        query = f"{module_table.MODULES} WHERE until <= ? ORDER BY until, id"
        return [module_table.module(self.store, row) for row in self.store.execute(query, self.now())]

    def add(self, module: KernelModule, memory: list[Blank], *, keeps_memory: bool = True) -> None:
        """Put ``module`` with what is in its areas into the list; see Caller for ``keeps_memory``."""
        kept = [content if keeps_memory or len(content) < LARGE else None for content in memory]
        module_table.add(self.store, module, kept)

    def save(self, module: KernelModule) -> None:
        """Save the changes of ``module``."""
        module_table.save(self.store, module)

    def forget(self, module: KernelModule) -> None:
        """Remove ``module`` from the list, with its uses, exports and memory."""
        for used in self.used_by(module):
            used.refs = max(0, used.refs - 1)
            self.save(used)
        module_table.delete(self.store, module)

    def drop_init(self, module: KernelModule) -> None:
        """Free the init areas."""
        emptied = "UPDATE area SET freed = size, size = 0, bytes = x'' WHERE module = ? AND init"
        self.store.execute(emptied, module.id)
        module.areas = [
            area._replace(size=0, freed=area.size) if area.init else area for area in module.areas
        ]

    def percpu(self) -> list[PerCpu]:
        """The reserved per-CPU memory in use by modules."""
        query = "SELECT percpu, percpu_size, percpu_align FROM module WHERE percpu_size > 0"
        return [PerCpu(unsigned(at), size, align) for at, size, align in self.store.execute(query)]

    # Who uses whom

    def use(self, user: KernelModule, used: KernelModule) -> None:
        """Record that ``user`` uses ``used``."""
        self.store.insert("INSERT OR IGNORE INTO use (user, used) VALUES (?, ?)", user.id, used.id)

    def users_of(self, module: KernelModule) -> list[str]:
        """The names of the modules that use ``module``, newest first."""
        query = "SELECT name FROM use JOIN module ON module.id = user WHERE used = ? ORDER BY use.id DESC"
        return [name for (name,) in self.store.execute(query, module.id)]

    def used_by(self, module: KernelModule) -> list[KernelModule]:
        """The modules that ``module`` uses."""
        query = f"{module_table.MODULES} WHERE id IN (SELECT used FROM use WHERE user = ?)"
        return [module_table.module(self.store, row) for row in self.store.execute(query, module.id)]

    # Exports

    def exporters(self, names: Iterable[str]) -> Exporters:
        """The exporters of ``names``, to be requested in this order."""
        return Exporters(self.store, self._cache.exports, names)

    def export(self, name: str) -> FoundSymbol | None:
        """The export ``name``, GPL-only or not."""
        return self.exporters(()).find(name)

    def name_of(self, address: int) -> str | None:
        """The name of what the kernel exports at ``address``, or None."""
        query = "SELECT name FROM export WHERE owner = ? AND address = ?"
        found = self.store.execute(query, KERNEL, signed(address))
        return found[0][0] if found else None

    def static_keys(self) -> dict[int, int]:
        """The addresses of the static call keys exported by the kernel, by trampoline."""
        query = (
            "SELECT trampoline.address, key.address FROM export trampoline "
            "JOIN export key ON key.name = '__SCK__' || substr(trampoline.name, 8) "
            "WHERE trampoline.name >= '__SCT__' AND trampoline.name < '__SCT_`'"
        )
        return {unsigned(trampoline): unsigned(key) for trampoline, key in self.store.execute(query)}

    def add_exports(self, module: KernelModule, exports: list[tuple[str, Export]]) -> None:
        """Add the exports of ``module``."""
        lines = [
            (name, module.id, bool(e.gpl), signed(e.address or 0), e.crc, e.namespace) for name, e in exports
        ]
        self.store.many("INSERT OR IGNORE INTO export VALUES (?, ?, ?, ?, ?, ?)", lines)

    def add_event(self, module: KernelModule, system: str, name: str) -> bool:
        """Add the folder of a trace event for ``module``, unless it exists."""
        statement = "INSERT OR IGNORE INTO event VALUES (?, ?, ?) RETURNING module"
        return bool(self.store.execute(statement, system, name, module.id))

    # What is known beforehand, or found out by running it

    @property
    def image(self) -> str:
        """The image of the kernel that runs init(), or ""."""
        found = self.store.execute("SELECT value FROM setting WHERE name = ?", IMAGE)
        return found[0][0] if found else ""

    def run(self, image: str) -> None:
        """Let the kernel in the file ``image`` run init()."""
        self.store.insert("INSERT OR REPLACE INTO setting VALUES (?, ?)", IMAGE, image)

    def behaviour(self, name: str) -> Behaviour:
        """The preset behaviour of module ``name``."""
        query = "SELECT init, init_seconds, exit_seconds FROM behaviour WHERE name = ?"
        found = self.store.execute(query, name)
        return Behaviour(*found[0]) if found else Behaviour(assumed=True)

    def is_builtin(self, name: str) -> bool:
        """Whether /sys/module has a directory for a built-in module of this name."""
        return bool(self.store.execute("SELECT 1 FROM builtin WHERE name = ?", name))

    def blob(self, name: str) -> bytes:
        """The kernel's own BTF or KALLSYMS; empty if unknown."""
        known = self._cache.blobs
        if name not in known:
            found = self.store.execute("SELECT bytes FROM blob WHERE name = ?", name)
            known[name] = bytes(found[0][0]) if found else b""
        return known[name]

    def derived(self, name: str, source: str, make: Callable[[bytes], bytes]) -> bytes:
        """The blob ``name``, which ``make`` makes of the blob ``source`` when it is first needed."""
        if not self.blob(name) and (known := self.blob(source)):
            made = self._cache.blobs[name] = make(known)
            self.store.insert("INSERT OR REPLACE INTO blob VALUES (?, ?)", name, made)
        return self.blob(name)

    def certificates(self) -> list[bytes]:
        """The certificates trusted for modules, DER."""
        return [der for (der,) in self.store.execute("SELECT der FROM certificate")]
