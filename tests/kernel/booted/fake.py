"""A kernel made of a few pages: functions begin, return and access memory as a test says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from pymodutils.elf.ctype import Function, Integer, Parameter, Void
from pymodutils.kernel.booted.misuse import Notes
from pymodutils.kernel.booted.observer import Observer
from pymodutils.kernel.booted.returns import Returns
from pymodutils.machine.x86_64 import CALLS, MODULES

DIRECT, MODULE, TEXT = 0xFFFF_8880_0000_0000, 0xFFFF_FFFF_C000_0000, 0xFFFF_FFFF_8100_0000
CODE, DATA, STACK = DIRECT, DIRECT + 0x1000, DIRECT + 0x8000  # what guest.code and guest.data are, RSP
HEAP = DIRECT + 0x10_0000
INSERTED = MODULE + 0x105  # where a call by the module returns to
CALL = b"\xe8"
LONG = Integer("long", 8, signed=True)


class Space:
    """Bytes by address, 0 unless written; any return address is preceded by a call."""

    def __init__(self) -> None:
        self.bytes: dict[int, int] = {}
        self.written: Callable[[int, int], None] = lambda *_: None

    def read(self, address: int, length: int) -> bytes:
        return bytes(
            self.bytes.get(at, 0xE8 if at >= MODULE else 0) for at in range(address, address + length)
        )

    def write(self, address: int, data: bytes) -> None:
        self.bytes.update(enumerate(data, address))
        self.written(address, len(data))

    def number(self, address: int) -> int:
        return int.from_bytes(self.read(address, 8), "little")

    def runs(self, address: int) -> bool:
        return address >= MODULE

    def physical(self, address: int) -> int:
        return address - DIRECT


class Cpu(dict[str, int]):
    """Registers of x86-64, and what is watched."""

    pushed = 8  # by a call

    def __init__(self, space: Space) -> None:
        super().__init__(dict.fromkeys((*CALLS.registers, "RAX", "RDX", "GS_BASE"), 0))
        self.space, self.sp, self.pc, self.interruptible = space, STACK, 0, True
        self.watches: defaultdict[int, list[Callable[[], None]]] = defaultdict(list)
        self.accessed: Callable[[bool, int, int], None] = lambda *_: None
        self.left: list[int] = []

    @property
    def preempt_base(self) -> int:
        return self["GS_BASE"]

    def calls(self, address: int) -> bool:
        return self.space.read(address - 5, 1) == CALL

    @property
    def back(self) -> int:
        """The return address of the function that begins."""
        return self.space.number(self.sp)

    @back.setter
    def back(self, address: int) -> None:
        self.space.bytes.update(enumerate(address.to_bytes(8, "little"), self.sp))

    @property
    def result(self) -> tuple[int, int]:
        return self["RAX"], self["RDX"]

    def return_to(self, address: int) -> None:
        """Simulate that the function that has just returned was called from there."""
        self.sp -= self.pushed
        self.back = address
        self.leave(self["RAX"])

    def watch(self, address: int, call: Callable[[], None]) -> tuple[int, Callable[[], None]]:
        self.watches[address].insert(0, call)
        return address, call

    def unwatch(self, watch: tuple[int, Callable[[], None]]) -> None:
        self.watches[watch[0]].remove(watch[1])

    def watch_memory(self, _area: range, call: Callable[[bool, int, int], None]) -> None:
        self.accessed = call

    def leave(self, value: int) -> None:
        self.left.append(value)

    def reach(self, address: int) -> int | None:
        """Run to ``address``; the result forced on the function there, or None."""
        self.left.clear()
        for call in list(self.watches[address]):
            call()
            if self.left:
                return self.left[0]
        return None


class Kernel:
    """A Host with ``functions`` and the names of their parameters."""

    def __init__(self, functions: Mapping[str, str], symbols: Mapping[str, int] | None = None) -> None:
        self.space, self.notes = Space(), Notes()
        self.cpu = Cpu(self.space)
        self.names = {name: TEXT + at * 0x100 for at, name in enumerate(functions)} | dict(symbols or {})
        machine = SimpleNamespace(cpu=self.cpu, space=self.space, arguments=self._arguments, modules=MODULES)
        self.guest: Any = SimpleNamespace(
            machine=machine, calls=CALLS, code=CODE, data=DATA, running=MODULE, names=self.names,
            lookup=lambda name: self.names.get(name, 0), call=lambda *_: HEAP,
            called_from=lambda back: CODE <= back < CODE + 0x1000,
        )  # fmt: skip
        kinds = {
            name: Function(name, Void(), tuple(Parameter(word, LONG) for word in words.split()))
            for name, words in functions.items()
        }
        self.btf = SimpleNamespace(function=kinds.get, named=lambda _name: None)

    def _arguments(self, count: int) -> list[int]:
        return [self.cpu[name] for name in CALLS.registers[:count]]

    def enter(self, name: str, *arguments: int, back: int = INSERTED) -> int | None:
        """Call a function; the result forced by the checks, or None if it runs."""
        self.cpu |= dict(zip(CALLS.registers, arguments, strict=False))
        self.cpu.back = back
        return self.cpu.reach(self.names[name])

    def call(self, name: str, *arguments: int, result: int = 0, back: int = INSERTED) -> None:
        """Call a function that runs and returns ``result`` to where its return address is."""
        self.enter(name, *arguments, back=back)
        place = self.cpu.back
        if place != back:
            self.cpu.sp += self.cpu.pushed
            self.cpu["RAX"] = result
            assert self.cpu.reach(place) == result
            assert self.cpu.back == back

    def access(self, address: int, size: int, *, write: bool = False, rip: int = MODULE + 0x20) -> None:
        """Access memory from the instruction at ``rip``."""
        self.cpu.pc = rip
        self.cpu.accessed(write, address - DIRECT, size)

    def name(self, address: int) -> str:
        return f"{address - MODULE:#x}" if address >= MODULE else "kernel"

    @property
    def found(self) -> list[str]:
        return list(map(str, self.notes.found(self)))  # type: ignore[arg-type]


class Checked(Kernel):
    """One with checks of ``kind``."""

    def __init__(
        self, kind: type[Observer], functions: Mapping[str, str], symbols: Mapping[str, int] | None = None
    ) -> None:
        super().__init__(functions, symbols)
        returns = Returns(self)  # type: ignore[arg-type]
        returns.attach()
        self.checks = kind(self, self.notes, returns)  # type: ignore[arg-type]
        self.checks.attach()
