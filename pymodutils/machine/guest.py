"""A booted kernel: functions by name, memory, the log, calls in a task of their own."""

from __future__ import annotations

from struct import pack
from typing import TYPE_CHECKING, Any, Final

from pymodutils.errors import BadKernel
from pymodutils.machine import code
from pymodutils.machine.clock import FREQUENCY
from pymodutils.machine.machine import NONE
from pymodutils.machine.paging import PAGE
from pymodutils.machine.results import Oopsed, OutOfBudget, Result, Returned, Waits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.machine.machine import Machine

SCRATCH, STACK = 0x600, 0x800  # below the stack pointer at the call of panic()
NEIGHBOURS: Final = 300  # functions of kernel/kallsyms.c examined to find kallsyms_lookup_name
FORMAT, ITERATOR, REGISTERS, LINE = 0x200, 0x300, 0x600, 0x800  # offsets in the data pages
LINE_SIZE: Final = 0x800
RESULT: Final = 16  # offset in a block of architecture.KernelCalls
DONE: Final = 2
GFP_KERNEL: Final = 0xCC0
NAME: Final = b"pymodutils\0"
PATIENCE: Final = 5  # seconds of machine time that a call may sleep
NAPS: Final = (1, 1, 1, 4, 20)  # milliseconds; the last one is repeated
USER: Final = 0x1000_0000  # addresses of strings and buffers of system calls
USER_SIZE: Final = 64 * PAGE
IMAGE: Final = 0x2000_0000  # address of module files during the call
ERRORS: Final = (1 << 64) - 4096


class Guest:
    """The kernel on ``machine``; ``facts`` is the result of ``save``."""

    def __init__(self, machine: Machine, facts: dict[str, Any]) -> None:
        self.machine, self.calls = machine, machine.arch.calls
        self.names: dict[str, int] = facts["names"]
        self.patience: float = PATIENCE
        self.running = 0  # the function called by ``run``
        self.code, self.data, self.user = facts["code"], facts["data"], facts["user"]

    def save(self) -> dict[str, Any]:
        """Its state as JSON values."""
        return {"names": self.names, "code": self.code, "data": self.data, "user": self.user}

    @classmethod
    def settle(cls, machine: Machine, exports: dict[str, int]) -> Guest:
        """Prepare the kernel, stopped in panic() for lack of an init, for calls."""
        top = machine.cpu.sp
        machine.stack = (top - STACK) & -16
        guest = cls(machine, {"names": dict(exports), "code": 0, "data": top - SCRATCH, "user": 0})
        guest.names["kallsyms_lookup_name"] = guest._neighbour("sprint_symbol", "kallsyms_lookup_name")
        guest.data = guest.call("vmalloc", 2 * PAGE)
        guest.code = guest.call("vmalloc", PAGE)
        guest.user = guest.call("vmalloc", USER_SIZE)
        for name in ("set_memory_ro", "set_memory_x"):
            guest.call(name, guest.code, 1)
        machine.space.write(guest.code, guest.calls.thread)
        machine.space.write(guest.data + FORMAT, NAME)
        guest.map(USER, guest.user, USER_SIZE)
        for name in code.NAMES:
            guest.names[name] = guest.lookup(name)
        code.NewCode(machine, guest.names)
        return guest

    # Functions by name

    def address(self, name: str) -> int:
        """The address of ``name`` from the kernel's own kallsyms; raises BadKernel."""
        spellings = (name, f"{name}_noprof")  # names with allocation profiling, from 6.10 on
        for spelled in (*(it for it in spellings if it in self.names), *spellings):
            if spelled not in self.names:
                self.names[spelled] = self.lookup(spelled)
            if self.names[spelled]:
                return self.names[spelled]
        raise BadKernel(name, f"this kernel has no function {name}")

    def lookup(self, name: str) -> int:
        """The current address of ``name`` or MODULE:NAME in the kernel's kallsyms, or 0."""
        self.machine.space.write(
            self.data + LINE, name.encode("utf-8", "surrogateescape")[:LINE_SIZE] + b"\0"
        )
        return self.machine.call(self.names["kallsyms_lookup_name"], self.data + LINE)

    def call(self, function: str | int, *arguments: int) -> int:
        """The result of ``function``, called in the boot task; only for functions that cannot oops."""
        found = self.address(function) if isinstance(function, str) else function
        return self.machine.call(found, *arguments)

    def symbol(self, address: int) -> str:
        """``NAME+0xOFFSET/0xSIZE`` of ``address``, or the number."""
        self.call("sprint_symbol", self.data + LINE, address)
        return self.machine.space.string(self.data + LINE).decode("latin-1")

    def _neighbour(self, known: str, wanted: str) -> int:
        """The address of ``wanted``, a function in the same file as ``known``; compilers reorder them."""
        before = after = self.names[known]
        for _ in range(NEIGHBOURS):
            for name, start, end in (self._function(before - 1), self._function(after)):
                if name == wanted:
                    return start
                before, after = min(before, start), max(after, end)
        raise BadKernel(wanted, f"{wanted} is not near {known}: this kernel is laid out in another way")

    def _function(self, address: int) -> tuple[str, int, int]:
        """The name, start and end of the function at ``address``, from sprint_symbol."""
        self.machine.call(self.names["sprint_symbol"], self.data, address)
        name, _, place = self.machine.space.string(self.data).decode("latin-1").partition("+")
        if not place:
            return "", address & -16, address + 16
        offset, size = (int(number, 16) for number in place.split("/"))
        return name, address - offset, max(address - offset + size, address + 1)

    # Memory

    def allocate(self, data: bytes) -> int:
        """Allocate memory with the kernel's kmalloc and fill it with ``data``; return the address."""
        place = self.call("__kmalloc", max(len(data), 1), GFP_KERNEL)
        if not place:
            raise BadKernel("kmalloc", f"the machine has no {len(data):,} bytes left: give it more --memory")
        self.machine.space.write(place, data)
        return place

    def free(self, place: int) -> None:
        """Free memory from ``allocate``."""
        self.call("kfree", place)

    def map(self, address: int, area: int, size: int) -> None:
        """Map the kernel's ``area`` at the user address ``address``."""
        space = self.machine.space

        def tables() -> Iterator[int]:
            while True:
                yield space.physical(self.call("get_zeroed_page", 0xDC0))  # GFP_KERNEL | __GFP_ZERO

        new = tables()
        for offset in range(0, size, PAGE):
            space.map(address + offset, space.physical(area + offset), new)
        self.machine.cpu.flush_tables()

    # The log

    def log(self, after: int = 0) -> tuple[list[str], int]:
        """The log lines from number ``after`` on, ``<LEVEL>[SECONDS] TEXT``, and the next number."""
        space, place = self.machine.space, self.data + ITERATOR
        space.write(place, pack("<QQ", after, (1 << 64) - 1))
        lines: list[str] = []
        while self.call("kmsg_dump_get_line", place, 1, self.data + LINE, LINE_SIZE - 1, place + 16) & 0xFF:
            size = space.number(place + 16)
            lines += space.read(self.data + LINE, size).decode("latin-1").rstrip("\n").split("\n")
        return lines, space.number(place)

    # Calls that may oops or wait

    def run(
        self,
        function: str | int,
        *arguments: int,
        stack: Sequence[int] = (),
        wide: bool = False,
        place: int = 0,
    ) -> Result:
        """Call ``function`` in a kernel thread of its own and return how it ended; raises MachineEnded.

        Arguments beyond the registers, followed by ``stack``, are passed in memory. ``wide``: the result has
        16 bytes; ``place``: the address of a larger one, where the ABI passes it in a register.
        """
        found = self.address(function) if isinstance(function, str) else function
        self.running = found
        count = len(self.calls.registers)
        registers = (*arguments, *[0] * count)[:count]
        more = (*arguments[count:], *stack)
        words = [value & NONE for value in (0, found, 0, place, *registers, len(more), *more)]
        block = self.allocate(pack(f"<{len(words)}Q", *words))
        _, mark = self.log_end()
        used = len(self.machine.touched)
        task = self.call("kthread_create_on_node", self.code, block, -1, self.data + FORMAT)
        pid = self.call("get_task_pid", task, 0)
        self.call("wake_up_process", task)
        try:
            result = self._await(task, pid, block, mark)
        except OutOfBudget as end:
            name = "" if self.machine.spoiled else self.symbol(end.address)
            raise OutOfBudget(end.address, end.spent, name) from None
        result = result._replace(touched=tuple(self.machine.touched[used:]))
        self.call("put_pid", pid)
        if isinstance(result, Returned):
            high = self.machine.space.number(block + RESULT + 8) if wide else 0
            result = result._replace(value=result.value | high << 64)
            self.free(block)
        return result

    def called_from(self, back: int) -> bool:
        """Whether the function that returns to ``back`` was called by ``run``, or by a tail call of that."""
        return back - self.code in range(PAGE)

    def _await(self, task: int, pid: int, block: int, mark: int) -> Result:
        space, started = self.machine.space, self.machine.clock.cycles
        naps = list(NAPS)
        while True:
            self.call("msleep", naps.pop(0) if len(naps) > 1 else naps[0])
            if space.number(block) == DONE:
                return Returned(space.number(block + RESULT))
            if not self.call("pid_task", pid, 0):
                return Oopsed(tuple(self.log(mark)[0]))
            seconds = (self.machine.clock.cycles - started) / FREQUENCY
            if seconds > self.patience:
                self.call("sched_show_task", task)
                return Waits(round(seconds, 3), tuple(self.log(mark)[0]))

    def log_end(self) -> tuple[list[str], int]:
        """No lines, and the number of the next log line."""
        space, place = self.machine.space, self.data + ITERATOR
        space.write(place, bytes(16))
        self.call("kmsg_dump_rewind", place)
        return [], space.number(place + 8)

    # System calls

    def system_call(self, name: str, *arguments: int | bytes) -> Result:
        """Call the system call ``name`` and return how it ended; bytes are passed by address, with a NUL."""
        return self.run(self.calls.system_call + name, self._passed(arguments))

    def quick_system_call(self, name: str, *arguments: int | bytes) -> int:
        """The C ``int`` that ``name`` returns in the boot task: faster, but it must not oops."""
        return Returned(self.call(self.calls.system_call + name, self._passed(arguments))).int32

    def _passed(self, arguments: Sequence[int | bytes]) -> int:
        """The address of the registers with ``arguments``, of which bytes are in user memory."""
        free, values = USER, []
        for argument in arguments:
            if isinstance(argument, int):
                values.append(argument)
                continue
            self.machine.space.write(self.user + free - USER, argument + b"\0")
            values.append(free)
            free += len(argument) + 8 & -8
        self._registers(values)
        return int(self.data) + REGISTERS

    def _registers(self, values: Sequence[int]) -> None:
        frame = bytearray(self.calls.frame)
        for offset, value in zip(self.calls.passed, values, strict=False):
            frame[offset : offset + 8] = pack("<Q", value & (1 << 64) - 1)
        self.machine.space.write(self.data + REGISTERS, bytes(frame))
