"""The state of an emulated 2.4 kernel during a system call: modules, symbols, the log."""

from __future__ import annotations

import os
from errno import EFAULT
from typing import TYPE_CHECKING, NamedTuple

from pymodutils.errors import Refused
from pymodutils.kernel.emulated.state.database import signed, unsigned
from pymodutils.linux24 import machine as machines
from pymodutils.linux24.struct_module import DELETED, Abi, StructModule, size_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.kernel.emulated.state.database import StateFile
    from pymodutils.linux24.machine.model import ObjMachine

MACHINE, BASE = "machine", "base"
UNKNOWN = Abi(32, "little")  # until the first module determines the machine


class ModuleSymbol(NamedTuple):
    """An exported symbol: struct module_symbol."""

    value: int
    name: str


class Module24:
    """A module: ``memory`` begins with its struct module, ``given`` is the image passed to init_module."""

    def __init__(self, key: int, name: str, base: int, memory: bytearray, abi: Abi) -> None:
        self.key, self.name, self.base, self.memory = key, name, base, memory
        self.header = StructModule(memory, abi)
        self.given: bytes | None = None

    def __contains__(self, address: int) -> bool:
        return self.base <= address < self.base + len(self.memory)

    def string(self, address: int) -> str:
        """The string at ``address``; raises Refused if it does not end in the module."""
        start = address - self.base
        end = self.memory.find(b"\0", start) if address in self else -1
        if end < 0:
            raise Refused(self.name, f"{self.name}: a name lies outside the module", EFAULT)
        return self.memory[start:end].decode("utf-8", "surrogateescape")

    @property
    def symbols(self) -> list[ModuleSymbol]:
        """The exports of the module."""
        pair = self.header.abi.longs(2)
        start = self.header["syms"] - self.base
        rows = bytes(self.memory[start : start + pair.size * self.header["nsyms"]])
        return [ModuleSymbol(value, self.string(name)) for value, name in pair.iter_unpack(rows)]


class StoredKernel:
    """The contents of ``store``; valid only within a transaction."""

    def __init__(self, store: StateFile, now: Callable[[], float]) -> None:
        self.store, self.now = store, now
        self.machine = self._machine()
        self.abi = self.machine.abi if self.machine else UNKNOWN
        rows = store.execute("SELECT id, name, base, memory, given FROM module ORDER BY id DESC")
        self.modules: list[Module24] = []  # newest first
        for key, name, base, memory, given in rows:
            module = Module24(key, name, unsigned(base), bytearray(memory), self.abi)
            module.given = given
            self.modules.append(module)

    # Settings and the log

    def setting(self, name: str) -> str | int | float | None:
        """A setting."""
        found = self.store.execute("SELECT value FROM setting WHERE name = ?", name)
        return found[0][0] if found else None

    def set(self, name: str, value: str | float) -> None:
        """Change a setting."""
        self.store.insert("INSERT OR REPLACE INTO setting VALUES (?, ?)", name, value)

    def log(self, level: int, text: str) -> None:
        """Write a line to the kernel's log."""
        self.store.insert("INSERT INTO line (stamp, level, text) VALUES (?, ?, ?)", self.now(), level, text)

    def _machine(self) -> ObjMachine | None:
        """The machine, once known."""
        words = str(self.setting(MACHINE) or "").split()
        return machines.find(int(words[0]), int(words[1]), words[2]) if words else None

    def settle(self, machine: ObjMachine) -> bool:
        """Fix ``machine``; return False if the kernel already has another one, or addresses of more bits."""
        words = f"{machine.arch.machines[0]} {machine.arch.bits} {machine.arch.order}"
        if self.machine is None:
            if any(symbol.value >> machine.arch.bits for symbol in self.kernel_symbols()):
                return False
            self.set(MACHINE, words)
        return self.setting(MACHINE) == words

    # Modules

    def find(self, name: str) -> Module24 | None:
        """The module ``name``, unless being deleted; find_module."""
        alive = (module for module in self.modules if not module.header["flags"] & DELETED)
        return next((module for module in alive if module.name == name), None)

    def at(self, base: int) -> Module24 | None:
        """The module whose struct module is at ``base``."""
        return next((module for module in self.modules if module.base == base), None)

    def add(self, name: str, base: int, size: int) -> Module24:
        """Add a module of ``size`` zero bytes as the newest."""
        memory = bytearray(size)
        query = "INSERT INTO module (name, base, memory) VALUES (?, ?, ?)"
        key = self.store.insert(query, name, signed(base), bytes(memory))
        module = Module24(key, name, base, memory, self.abi)
        self.modules.insert(0, module)
        return module

    def save(self) -> None:
        """Save changed modules."""
        update = "UPDATE module SET memory = ?, given = ? WHERE id = ?"
        for module in self.modules:
            self.store.execute(update, bytes(module.memory), module.given, module.key)

    def remove(self, module: Module24) -> None:
        """Remove ``module``."""
        self.modules.remove(module)
        self.store.execute("DELETE FROM module WHERE id = ?", module.key)

    def gap(self, size: int) -> int:
        """The lowest address at which ``size`` bytes and one more page are free; module_map."""
        page = self.machine.page if self.machine else 4096
        at = int(self.setting(BASE) or 0) & (1 << self.abi.bits) - 1
        at = at or (self.machine.base if self.machine else 0)
        for module in sorted(self.modules, key=lambda module: module.base):
            if at + size <= module.base:
                break
            at = max(at, -(-(module.base + len(module.memory)) // page) * page + page)
        return at

    # Symbols and references

    def kernel_symbols(self) -> list[ModuleSymbol]:
        """The exports of the kernel itself."""
        query = "SELECT value, name FROM symbol ORDER BY id"
        return [ModuleSymbol(unsigned(value), name) for value, name in self.store.execute(query)]

    def refs(self, module: Module24) -> list[tuple[int, Module24]]:
        """The references to ``module``, latest first: the address of each module_ref, and its module."""
        found, at = [], module.header["refs"]
        while at:
            _, ref, following = self.reference(at)
            user = self.at(ref)
            if user is None:
                break
            found.append((at, user))
            at = following
        return found

    def reference(self, at: int) -> tuple[int, int, int]:
        """The struct module_ref at ``at``: dep, ref and next_ref."""
        module, start = self._place(at)
        dep, ref, following = self.abi.longs(3).unpack_from(module.memory, start)
        return dep, ref, following

    def set_reference(self, at: int, dep: int, ref: int, following: int) -> None:
        """Change a struct module_ref."""
        module, start = self._place(at)
        self.abi.longs(3).pack_into(module.memory, start, dep, ref, following)

    def _place(self, at: int) -> tuple[Module24, int]:
        size = self.abi.longs(3).size
        for module in self.modules:
            if at in module and at + size <= module.base + len(module.memory):
                return module, at - module.base
        raise Refused("kernel", os.strerror(EFAULT), EFAULT)

    def deps(self, module: Module24) -> list[int]:
        """The addresses of the module_refs for the dependencies of ``module``."""
        size = self.abi.longs(3).size
        return [module.header["deps"] + at * size for at in range(module.header["ndeps"])]

    @property
    def header_size(self) -> int:
        """sizeof(struct module)."""
        return size_of(self.abi)
