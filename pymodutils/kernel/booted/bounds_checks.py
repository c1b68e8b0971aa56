"""Checks of bounds of what a module itself has: static variables, and arrays and structures on the stack.

Which variable an instruction is about tells the part of its address that does not vary. The compiler may have
added a constant to that, so an access of a neighbour counts only if its type shows that it cannot be meant.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from pymodutils.dwarf import variables
from pymodutils.kernel.booted.checked_module import CheckedModule
from pymodutils.kernel.booted.framed_function import CLOSE, FramedFunction
from pymodutils.kernel.booted.misuse import Note, byte_count
from pymodutils.kernel.booted.observer import Observer
from pymodutils.kernel.booted.static_area import StaticArea
from pymodutils.machine.paging import PAGE, Unmapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymodutils.dwarf.variables import MemoryVariable
    from pymodutils.kernel.booted.module import LiveModule
    from pymodutils.machine.operand import Operand

ON_STACK: Final = ", on the stack"
FILLS: Final = {  # position of each pointer, and of the count of bytes
    **dict.fromkeys(("memset", "__memset"), ((0,), 2)),
    **dict.fromkeys(("memcpy", "__memcpy", "memmove", "__memmove"), ((0, 1), 2)),
    "get_random_bytes": ((0,), 1),
}
PRINTS: Final = ("sprintf", "vsprintf")  # the count of bytes is known when they have returned
FAR: Final = 2048  # bytes of the stack that functions of the kernel take
COUNT: Final = 0x7FFFFFFF  # of an int that is not negative


class Access(NamedTuple):
    """A write, or a read."""

    write: bool
    size: int
    address: int


class BoundsChecks(Observer):
    """The variables of modules, and accesses to them."""

    kept: ClassVar = ("modules",)

    def attach(self) -> None:
        """Watch the processor that the machine has now."""
        self.modules: dict[str, CheckedModule] = getattr(self, "modules", {})
        self._hooks: dict[tuple[str, int], list[int]] = {}
        self._operands: dict[int, Operand | None] = {}
        self.areas: dict[int, StaticArea] = {}
        self.watch(("free_module",), lambda _function: self._freed())

    def expect(self, module: LiveModule) -> None:
        """Read what is needed of the file of ``module``, which is about to be loaded."""
        if variables.statics(module.file):
            _ = variables.frames(module.file), module.file.objects, module.file.names

    def loaded(self, module: LiveModule, address: int) -> None:
        """The init function of ``module``, whose struct module is at ``address``, is about to run."""
        if not variables.statics(module.file):
            return  # it has no debug information
        self.modules[module.name] = CheckedModule(module, address)
        self._renew()
        self.returns.wait(lambda _value: self._started(module.name))

    def _started(self, name: str) -> None:
        if name in self.modules:
            self.modules[name] = self.modules[name]._replace(starting=False)
            self._renew()

    def _freed(self) -> None:
        address = self.machine.arguments(1)[0]
        self.modules = {name: it for name, it in self.modules.items() if it.address != address}
        self._renew()

    def restore(self, saved: dict[str, Any]) -> None:
        """Know what was saved."""
        super().restore(saved)
        self._renew()

    # What is hooked

    def _renew(self) -> None:
        """Hook what belongs to ``modules``, and nothing else."""
        self._operands.clear()
        wanted = {
            (name, start): (it, number)
            for name, it in self.modules.items()
            for number, start in it.sections()
        }
        for key in self._hooks.keys() - wanted.keys():
            self.areas.pop(key[1], None)
            for hook in self._hooks.pop(key):
                self.machine.cpu.unhook(hook)
        for key in wanted.keys() - self._hooks.keys():
            it, number = wanted[key]
            begin = self._hook_code if it.has_code(number) else self._hook_data
            self._hooks[key] = list(begin(it.module, number))

    def _hook_data(self, module: LiveModule, number: int) -> Iterator[int]:
        area = StaticArea(module, number)
        if not area.variables:
            return
        self.areas[area.start] = area
        for page in range(area.start & -PAGE, area.limit, PAGE):
            first, last = max(page, area.start), min(page + PAGE, area.limit)
            place = self.machine.space.physical(first)
            call = partial(self._accessed, area, first - place)
            yield self.machine.cpu.watch_memory(range(place, place + last - first), call, first=False)

    def _hook_code(self, module: LiveModule, number: int) -> Iterator[int]:
        file, cpu = module.file, self.machine.cpu
        shift = module.areas[number] - file.bases[number]
        code = range(file.bases[number], file.bases[number] + file.sizes[number])
        functions = [FramedFunction(it, shift) for it in variables.frames(file) if it.code.start in code]
        for function in functions:
            for address, operand in cpu.operands(function.code):
                if operand.offset or (operand.write and operand.base != cpu.stack_pointer):
                    yield cpu.watch_code(_only(address), partial(self._runs, function, operand))
        for offset, name in file.calls(number, (*FILLS, *PRINTS)):
            place = module.areas[number] + offset
            call = range(place + cpu.call[0], place + cpu.call[1])
            caller = next((it for it in functions if place in it.code), None)
            if name in FILLS:
                yield cpu.watch_code(_only(call.start), partial(self._fills, *FILLS[name], caller))
            else:
                yield from self._hook_print(call, caller)

    # Accesses to static variables

    def _find(self, address: int) -> MemoryVariable | None:
        return next((area.at(address) for area in self.areas.values() if address in area), None)

    def _accessed(self, area: StaticArea, shift: int, write: bool, place: int, size: int) -> None:
        cpu, access = self.machine.cpu, Access(write, size, place + shift)
        hit = area.at(access.address)
        if hit and not hit.element and hit.has(access.address, size):
            return  # of no known type: it may be meant
        by = cpu.pc
        own = by in self.machine.modules
        operand = self._operand(by) if own else None
        about = _meant(operand, cpu.__getitem__, self._find) if operand else []
        if any(it.has(access.address, size) for _, it in about):
            return
        if operand and about and area.is_out(operand, *about[0], access.address):
            self._note(access, about[0][1], "", by)
        elif not about and (own or write) and area.unused(access.address):
            by = by if own else next(self._returns_to_modules(FAR), self.kernel.guest.running or by)
            near = area.before(access.address)
            if near:
                self._note(access, near, "", by)

    # Accesses to the stack

    def _runs(self, function: FramedFunction, operand: Operand, address: int) -> None:
        cpu = self.machine.cpu
        target, cfa = operand.address(cpu.__getitem__), function.cfa(address, cpu)
        if abs(target - cfa) > CLOSE:
            return
        alive = function.alive(address, cpu)
        about = _meant(operand, cpu.__getitem__, lambda at: next((it for it in alive if it.has(at)), None))
        if any(it.has(target, operand.size) for _, it in about):
            return
        if about:
            hit = function.any(target, cfa)
            if hit is None or not hit.may_be_meant(about[0][0]):
                self._note(Access(operand.write, operand.size, target), about[0][1], ON_STACK, address)
        elif operand.write and (over := function.saved(address, target - cfa, operand.size)):
            what = f"a write of {byte_count(operand.size)} over {over}"
            self.notes.add(Note("write over what is saved", what, (address, 0, 0)), address)

    # Calls of functions of the kernel with the address of a variable

    def _fills(
        self, pointers: tuple[int, ...], count: int, caller: FramedFunction | None, address: int
    ) -> None:
        words = self.machine.arguments(count + 1)
        for at in pointers:
            self._filled(words[at], words[count], caller, address, write=at == 0)

    def _hook_print(self, call: range, caller: FramedFunction | None) -> Iterator[int]:
        """Note the pointer at the start of ``call``, and look at the result where it ends."""
        pointers: list[int] = []
        jumps = self.machine.cpu.jumps(call.start)

        def begins(_address: int) -> None:
            pointers.append(self.machine.arguments(1)[0])
            if jumps:
                self.returns.wait(lambda _value: ends(0))

        def ends(_address: int) -> None:
            if pointers:
                count = (self.machine.cpu.result[0] & COUNT) + 1
                self._filled(pointers.pop(), count, caller, call.start, write=True)

        yield self.machine.cpu.watch_code(_only(call.start), begins)
        if not jumps:
            yield self.machine.cpu.watch_code(_only(call.stop), ends)

    def _filled(
        self, pointer: int, count: int, caller: FramedFunction | None, by: int, *, write: bool
    ) -> None:
        if pointer in self.machine.modules:
            found = self._find(pointer)
        else:
            alive = caller.alive(by, self.machine.cpu) if caller else []
            found = next((it for it in alive if it.has(pointer)), None)
        if found and pointer + count > found.end:
            where = "" if pointer in self.machine.modules else ON_STACK
            self._note(Access(write, count, pointer), found, where, by)

    # What they share

    def _operand(self, address: int) -> Operand | None:
        """What the instruction at ``address`` accesses."""
        if address not in self._operands:
            try:
                self._operands[address] = self.machine.cpu.operand(address)
            except Unmapped:
                self._operands[address] = None
        return self._operands[address]

    def _note(self, access: Access, variable: MemoryVariable, where: str, by: int) -> None:
        """Note an access out of ``variable``."""
        write, size, address = access
        kind, offset = "write" if write else "read", address - variable.start
        place = f"at offset {offset} of" if offset >= 0 else f"{byte_count(-offset)} before"
        of = f"{variable.name} ({byte_count(variable.size)}{where})"
        what = f"a {kind} of {byte_count(size)} {place} {of}"
        self.notes.add(Note(f"{kind} out of {variable.name}", what, (by, 0, 0)), by)


def _only(address: int) -> range:
    return range(address, address + 1)


def _meant(
    operand: Operand, register: Callable[[str], int], find: Callable[[int], MemoryVariable | None]
) -> list[tuple[int, MemoryVariable]]:
    """The pointers that the instruction may be about, and the variable that each is in."""
    found = ((pointer, find(pointer)) for pointer in operand.pointers(register))
    return [(pointer, it) for pointer, it in found if it]
