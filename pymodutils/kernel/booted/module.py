"""A module in a booted kernel: functions and variables by name."""

from __future__ import annotations

import linecache
import os
from contextlib import suppress
from struct import iter_unpack
from typing import TYPE_CHECKING, Any, Final, Protocol

from pymodutils.dwarf.debug_info import DebugInfo
from pymodutils.dwarf.types import DwarfTypes
from pymodutils.elf import compress, scan
from pymodutils.elf.btf import Btf
from pymodutils.elf.constants import BTF
from pymodutils.errors import NotFound, Refused
from pymodutils.kernel.booted import ends, values
from pymodutils.kernel.booted.arguments import Call
from pymodutils.kernel.booted.host import Host
from pymodutils.machine.results import OutOfBudget, Returned
from pymodutils.names import suggestion

if TYPE_CHECKING:
    from pymodutils.elf.ctype import CType, Function, Types
    from pymodutils.kernel.booted.stubs import Stubs

DEBUG: Final = "build it with debug information (make KCFLAGS=-g)"
SYMBOL: Final = "<IBBHQQ"  # Elf64_Sym
INIT: Final = ".init"  # how the names of sections begin that are freed after init()
INIT_TEXT: Final = ".init.text"  # the first section of the memory freed after init()
ADVICE: Final = f"{DEBUG} or with BTF"


class LiveModule:
    """The module ``name``, loaded from the file ``path`` into ``kernel``."""

    def __init__(self, kernel: Host, name: str, path: str) -> None:
        self.kernel, self.name, self.path = kernel, name, path
        self.file = DebugInfo.read(path)
        self._bases: dict[int, int] = {}
        self._types: list[Types] | None = None

    # What is where

    def init_at(self, address: int) -> None:
        """Record the address of its init area."""
        if INIT_TEXT in self.file.sections:
            self._bases[self.file.sections[INIT_TEXT]] = address

    def lies(self, symbols: bytes) -> None:
        """Record where its sections are, by its symbol table as the kernel has relocated it."""
        modules, bases = self.kernel.guest.machine.modules, self.file.bases
        both = iter_unpack(SYMBOL, self.file.symbol_table), iter_unpack(SYMBOL, symbols)
        for (*_, number, value, _), (*_, place, _) in zip(*both, strict=False):
            start = place - value + bases.get(number, 0)
            if number in bases and number not in self._bases and start in modules:
                self._bases[number] = start

    @property
    def areas(self) -> dict[int, int]:
        """The address of each section in memory that is known, by its number."""
        return self._bases

    def address(self, name: str) -> int:
        """The address of the symbol ``name``, which may be static; raises NotFound."""
        found = self.file.symbols.get(name)
        if found is None:
            raise NotFound(name, f"{self.path} has no {name}{self._changed(name)}")
        base = self._base(found[0]) or self._listed(found[0])
        if base is None:
            raise NotFound(name, f"{name} is no longer in memory: it is of the init part of {self.name}")
        return base + found[1]

    def _changed(self, name: str) -> str:
        """Why a function of the source may be missing."""
        other = next((it for it in self.file.symbols if it.startswith(f"{name}.")), None)
        if other:
            return (
                f": the compiler made {other} of it, which takes other arguments: mark it noinline __noclone"
            )
        if any(types.function(name) for types in self.types):
            return ": the compiler inlined it: mark it noinline"
        return suggestion(name, self.file.symbols)

    def _base(self, section: int) -> int | None:
        """The address of the section with that index, derived from one of its symbols in kallsyms."""
        if section not in self._bases:
            for name, (number, offset) in self.file.symbols.items():
                place = self.kernel.guest.lookup(f"{self.name}:{name}") if number == section else 0
                if place:
                    self._bases[section] = place - offset
                    break
        return self._bases.get(section)

    def _listed(self, section: int) -> int | None:
        """The address of the section in sysfs, for a kernel whose kallsyms has functions only."""
        name = self.file.names.get(section, INIT)
        if not name.startswith(INIT):
            with suppress(Refused):
                listed = self.kernel.read(f"/sys/module/{self.name}/sections/{name}")
                self._bases[section] = int(listed, 16)
        return self._bases.get(section)

    def where(self, address: int) -> str:
        """A description of ``address``: "sum_of, sample.c:12"; "" if outside this module."""
        found = self.place(address)
        return self.file.where(*found, own=True) if found else ""

    def place(self, address: int) -> tuple[int, int] | None:
        """The index of the section that contains ``address``, and the offset in it."""
        offsets = ((number, address - base) for number, base in self._bases.items())
        return next((it for it in offsets if 0 <= it[1] < self.file.sizes[it[0]]), None)

    def section(self, name: str) -> int:
        """The address of the section ``name``; raises NotFound."""
        number = self.file.sections.get(name, -1)
        base = self._base(number) or self._listed(number)
        if base is None:
            raise NotFound(name, f"{self.name} has no section {name} in memory")
        return base

    def locate(self) -> None:
        """Determine the addresses of all its sections."""
        for number in self.file.bases:
            self._base(number)

    def line(self, function: str, offset: int) -> str:
        """The source line at ``offset`` of ``function``: "(sample.c:12: return *p;)", or ""."""
        place = self.file.symbols.get(function)
        line = self.file.where(place[0], place[1] + offset) if place else ""
        file, _, number = line.partition(", ")[2].partition(":")
        if not number:
            return ""
        text = linecache.getline(os.path.join(os.path.dirname(self.path), file), int(number)).strip()
        return f"({file}:{number}: {text})" if text else f"({file}:{number})"

    # Types

    @property
    def types(self) -> list[Types]:
        """The sources of types: the module's DWARF, its BTF, and the kernel's."""
        if self._types is None:
            base = self.kernel.btf
            section = scan.Elf(compress.read(self.path), self.path).section(BTF)
            own = [Btf(section, base, self.path)] if section and base else []
            self._types = [DwarfTypes(self.file), *own, *([base] if base else [])]
        return self._types

    def prototype(self, name: str) -> Function:
        """The prototype of the function ``name``; raises NotFound if none is known."""
        found = next((it for types in self.types if (it := types.function(name))), None)
        if found is None:
            raise NotFound(name, f"no prototype of {name} is in {self.path}: {ADVICE}")
        return found

    def type(self, name: str) -> CType:
        """The type "struct NAME", "union NAME", "enum NAME" or a typedef; raises NotFound."""
        return ends.named(self.types, name)

    # Functions and variables

    def call(self, name: str, *arguments: object) -> Any:
        """Call the function ``name`` and return its result; a negative errno is a ``values.Status``.

        Raises Oopsed, Waiting or OutOfBudget if it does not return, BadValue for an argument that its
        type cannot have, and NotFound without the function or its prototype.
        """
        address = self.address(name)
        call = Call(self.kernel.guest, self.prototype(name))
        try:
            result = call.run(address, arguments)
        except OutOfBudget as end:
            raise OutOfBudget(end.address, end.spent, end.name or self.where(end.address)) from None
        if isinstance(result, Returned):
            return call.returned(result)
        raise ends.error(name, result)

    def __getitem__(self, name: str) -> Any:
        """The variable ``name``: a number, text, or an Object for a structure."""
        return values.load(self.kernel.guest.machine.space, self._variable(name), self.address(name))

    def __setitem__(self, name: str, value: object) -> None:
        """Change the variable ``name``."""
        values.store(self.kernel.guest.machine.space, self._variable(name), self.address(name), value)

    def _variable(self, name: str) -> CType:
        self.address(name)
        found = next((it for types in self.types if (it := types.variable(name))), None)
        if found is None:
            raise NotFound(name, f"no type of the variable {name} is in {self.path}: {DEBUG}")
        return found

    def at(self, address: int, kind: str) -> Any:
        """The memory at ``address`` as the type ``kind``: ``mod.at(p, "struct state")``."""
        return values.load(self.kernel.guest.machine.space, self.type(kind), address)

    def new(self, kind: str, **members: object) -> Any:
        """A zeroed object of the type ``kind`` in kernel memory, with ``members`` set."""
        found = self.type(kind)
        place = self.kernel.guest.allocate(bytes(max(found.size, 1)))
        values.store(self.kernel.guest.machine.space, found, place, members)
        return values.load(self.kernel.guest.machine.space, found, place)

    def unload(self) -> None:
        """Remove it; raises Refused with the kernel's errno."""
        self.kernel.delete(self.name)

    def __repr__(self) -> str:
        return f"<module {self.name} of {os.path.basename(self.path)}>"


class ModuleHost(Host, Protocol):
    """A kernel with its modules."""

    modules: dict[str, LiveModule]
    stubs: Stubs | None

    @property
    def located(self) -> list[LiveModule]:
        """The modules that are or were loaded, with the addresses of their sections."""
        ...
