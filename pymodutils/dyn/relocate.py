"""Apply dynamic relocations to a module at its address."""

from __future__ import annotations

from errno import ENOENT
from typing import TYPE_CHECKING

from pymodutils.elf.constants import SHN_UNDEF
from pymodutils.errors import Refused
from pymodutils.kern_levels import ERR, WARNING
from pymodutils.twos_complement import signed

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.arch.reloc import RelocType
    from pymodutils.dyn.shared_object import DynamicRelocation, SharedObject


class Relocating:
    """Relocates ``module`` to ``base``; ``find`` resolves external symbols, ``log`` receives errors."""

    def __init__(
        self,
        module: SharedObject,
        base: int,
        find: Callable[[str], int | None],
        log: Callable[[int, str], None],
    ) -> None:
        self.module, self.find, self.log = module, find, log
        self.load = base - module.start
        self.used: dict[str, int] = {}  # the symbols of others

    def run(self) -> None:
        """Apply all relocations; raises Refused after logging the reason."""
        module = self.module
        for one in module.relocations():
            row = module.machine.relocs.get(one.number)
            if not module.machine.rela and one.addend is not None:
                self.log(ERR, f"module {module.name}: ADD RELOCATION unsupported")
                raise module.refused("see pymodutils kernel dmesg")
            if row is None:
                self.log(ERR, f"module {module.name}: Unknown relocation: {one.number}")
                raise module.refused("see pymodutils kernel dmesg")
            self._apply(one, row, self._value(one))

    def _value(self, one: DynamicRelocation) -> int:
        """The value of the symbol of ``one``; 0 if it has none."""
        if not one.symbol:
            return 0
        name = self.module.name
        symbol = self.module.symbol(one.symbol)
        if symbol.section != SHN_UNDEF:
            return symbol.value + self.load
        found = self.find(symbol.name)
        if found is None:
            self.log(WARNING, f"{name}: Unknown symbol {symbol.name}")
            raise Refused(name, f"{name}: No such file or directory", ENOENT)
        self.used[symbol.name] = found
        return found

    def _apply(self, one: DynamicRelocation, row: RelocType, S: int) -> None:
        module, field = self.module, row.field
        arch, at = module.machine.arch, one.offset - module.start
        if not 0 <= at <= module.size - field.size:
            raise module.refused()
        order = field.order or arch.order
        V = int.from_bytes(module.memory[at : at + field.size], order)
        A = field.get(V) if one.addend is None else one.addend
        known = {"S": S, "A": A, "V": V, "B": self.load, "P": one.offset + self.load, "L": S + A}
        value = signed(row.calc(*map(known.__getitem__, row.calc.letters)), arch.bits)
        if value % row.align or (row.range and value not in row.range):
            self.log(ERR, f"module {module.name}: relocation {row.name} out of range")
            raise module.refused("see pymodutils kernel dmesg")
        new = field.put(V, value) & (1 << 8 * field.size) - 1
        module.memory[at : at + field.size] = new.to_bytes(field.size, order)
