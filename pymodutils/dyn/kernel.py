"""An emulated kernel of 2.5.49 with that patch: init_module, delete_module, /proc/modules, its log."""

from __future__ import annotations

import os
from errno import EBUSY, EEXIST, ENOENT, ENOMEM
from typing import TYPE_CHECKING, NamedTuple, Self

from pymodutils.dyn import extable, printk
from pymodutils.dyn.relocate import Relocating
from pymodutils.dyn.schema import DYN
from pymodutils.dyn.shared_object import FINI, INIT, SharedObject
from pymodutils.errors import ModutilsError, Refused
from pymodutils.kernel.emulated.state.database import MEMORY, StateFile, signed, unsigned

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pymodutils.dyn.machines import DynMachine
    from pymodutils.machine.foreign import ForeignCpu

PAGE, LARGEST = 4096, 64 << 20  # bytes
RELEASE, BASE, MACHINE = "release", "base", "machine"


class LoadedObject(NamedTuple):
    """A module in memory; ``uses`` are the modules whose symbols it uses."""

    name: str
    base: int
    memory: bytes
    given: bytes
    uses: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes in memory."""
        return len(self.memory)


class Kernel25:
    """The kernel in one state file."""

    def __init__(self, store: StateFile) -> None:
        self.store = store

    @classmethod
    def boot(cls, path: str, symbols: Iterable[tuple[int, str]], release: str, base: int = 0) -> Self:
        """A kernel that exports ``symbols``, in the file ``path`` or MEMORY; modules begin at ``base``."""
        made = StateFile.create(DYN)
        with made.transaction():
            made.many("INSERT INTO setting VALUES (?, ?)", {RELEASE: release, BASE: signed(base)}.items())
            rows = [(signed(value), name) for value, name in symbols]
            made.many("INSERT INTO symbol (value, name) VALUES (?, ?)", rows)
        return cls(made if path == MEMORY else made.replace(path))

    @classmethod
    def open(cls, path: str) -> Self:
        """The kernel in the file ``path``; raises BadState."""
        return cls(StateFile.open(path, DYN))

    # The system calls

    def init_module(self, name: str, image: bytes) -> None:
        """Load the shared object ``image`` as the module ``name`` and initialize it; raises Refused."""
        with self.store.transaction():
            try:
                self._init_module(name, image)
            except ModutilsError as error:
                failed: ModutilsError | None = error
            else:
                failed = None
        if failed:
            raise failed

    def _init_module(self, name: str, image: bytes) -> None:
        modules = self.modules()
        if name in (module.name for module in modules):
            raise _refused(name, EEXIST)
        if len(image) > LARGEST:
            raise _refused(name, ENOMEM)
        module = SharedObject(image, name)
        self._check_arch(module)
        base = self._room(module.machine, module.size, modules)
        owners: dict[str, None] = {}

        def find(symbol: str) -> int | None:
            value, owner = self._find(symbol, modules)
            if owner:
                owners[owner] = None
            return value

        moving = Relocating(module, base, find, self._log)
        moving.run()
        result, memory = self._run(module, INIT, base, bytes(module.memory), moving.used)
        if result < 0:
            raise _refused(name, -result)
        insert = "INSERT INTO module (name, base, memory, given, uses) VALUES (?, ?, ?, ?, ?)"
        self.store.insert(insert, name, signed(base), memory, image, " ".join(owners))
        self.store.insert("INSERT OR REPLACE INTO setting VALUES (?, ?)", MACHINE, module.machine.name)

    def delete_module(self, name: str) -> None:
        """Call the module's _fini and remove it.

        Raises Refused: ENOENT, or EBUSY if it is used or has no _fini.
        """
        with self.store.transaction():
            modules = self.modules()
            found = next((module for module in modules if module.name == name), None)
            if found is None:
                raise _refused(name, ENOENT)
            module = SharedObject(found.given, name)
            if any(name in other.uses for other in modules) or FINI not in module.dynamic:
                raise _refused(name, EBUSY)
            outside = {symbol: value for value, symbol in self.symbols()}
            self._run(module, FINI, found.base, found.memory, outside)
            self.store.execute("DELETE FROM module WHERE name = ?", name)

    # What is there

    def modules(self) -> list[LoadedObject]:
        """The modules, newest first."""
        rows = self.store.execute("SELECT name, base, memory, given, uses FROM module ORDER BY id DESC")
        return [
            LoadedObject(name, unsigned(base), memory, given, tuple(uses.split()))
            for name, base, memory, given, uses in rows
        ]

    def module(self, name: str) -> LoadedObject:
        """The module ``name``; raises Refused."""
        for module in self.modules():
            if module.name == name:
                return module
        raise Refused(name, f"Module {name} is not currently loaded", ENOENT)

    def symbols(self) -> list[tuple[int, str]]:
        """The kernel's exports."""
        rows = self.store.execute("SELECT value, name FROM symbol ORDER BY id")
        return [(unsigned(value), name) for value, name in rows]

    def log(self) -> list[tuple[int, str]]:
        """The log: levels and lines."""
        return [
            (level, text) for level, text in self.store.execute("SELECT level, text FROM line ORDER BY id")
        ]

    def proc_modules(self) -> str:
        """/proc/modules."""
        modules = self.modules()
        lines = []
        for module in modules:
            users = [other.name for other in modules if module.name in other.uses]
            permanent = "" if FINI in SharedObject(module.given, module.name).dynamic else " [permanent]"
            lines.append(
                f"{module.name} {module.size} {len(users)} {' '.join(users)}{permanent}".rstrip() + "\n"
            )
        return "".join(lines)

    def _find(self, symbol: str, modules: list[LoadedObject]) -> tuple[int | None, str]:
        """The value of ``symbol``: the kernel's, or a module's, and that module."""
        if symbol == "__this_module":
            return 0, ""
        for value, name in self.symbols():
            if name == symbol:
                return value, ""
        for other in modules:
            module = SharedObject(other.given, other.name)
            found = module.find(symbol)
            if found:
                return found.value + other.base - module.start, other.name
        return None, ""

    def _check_arch(self, module: SharedObject) -> None:
        """Refuse ``module`` unless its machine is that of the first one and has the kernel's addresses."""
        own, bits = module.machine.name, module.machine.arch.bits
        settled = self.store.execute("SELECT value FROM setting WHERE name = ?", MACHINE)
        if settled and settled[0][0] != own:
            raise module.refused(f"for {own}, the kernel is one of {settled[0][0]}")
        if any(value >> bits for value, _ in self.symbols()):
            raise module.refused(f"for {own}, and the kernel has addresses of more than {bits} bits")

    def _room(self, machine: DynMachine, size: int, modules: list[LoadedObject]) -> int:
        """The lowest address with enough room: module_alloc."""
        base = self.store.execute("SELECT value FROM setting WHERE name = ?", BASE)[0][0]
        at = unsigned(base) & (1 << machine.arch.bits) - 1 or machine.base
        for module in sorted(modules, key=lambda module: module.base):
            if at + size <= module.base:
                break
            at = max(at, -(-(module.base + module.size) // PAGE) * PAGE + PAGE)
        return at

    def _run(
        self, module: SharedObject, tag: int, base: int, memory: bytes, outside: Mapping[str, int]
    ) -> tuple[int, bytes]:
        """Call _init or _fini; return its result and the memory. Without a processor nothing runs."""
        processor = module.machine.processor
        if tag not in module.dynamic or not processor:
            return 0, memory
        from pymodutils.machine.foreign import ForeignCpu  # noqa: PLC0415 -- only code needs unicorn

        cpu = ForeignCpu(processor, base, memory)
        others = [other for other in self.modules() if other.base != base]
        faults = extable.entries(module, memory)
        for other in others:
            cpu.place(other.base, other.memory)
            faults |= extable.entries(SharedObject(other.given, other.name), other.memory)
        cpu.fixup = faults.get
        own = {value: name for value, name in self.symbols() if name == "printk" or value in outside.values()}
        for value, name in own.items():
            cpu.stand_in(value, self._printk if name == "printk" else _nothing)
        result = cpu.call(base - module.start + module.dynamic[tag])
        for other in others:
            kept = cpu.read(other.base, other.size)
            self.store.execute("UPDATE module SET memory = ? WHERE name = ?", kept, other.name)
        return result, cpu.read(base, len(memory))

    def _printk(self, cpu: ForeignCpu) -> int:
        def string(address: int) -> str:
            return cpu.string(address).decode("utf-8", "surrogateescape")

        level, text = printk.printk(printk.Varargs(cpu.argument, string, cpu.how.bits))
        self._log(level, text.rstrip("\n"))
        return len(text)

    def _log(self, level: int, text: str) -> None:
        self.store.insert("INSERT INTO line (level, text) VALUES (?, ?)", level, text)


def _nothing(_cpu: ForeignCpu) -> int:
    """The result of unimplemented kernel functions."""
    return 0


def _refused(name: str, errno: int) -> Refused:
    return Refused(name, f"{name}: {os.strerror(errno)}", errno)
