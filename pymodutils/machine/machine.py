"""The processor with interrupts: run kernel code until it returns, deliver exceptions and ticks."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.machine import architecture
from pymodutils.machine.clock import Clock
from pymodutils.machine.cpu import Stuck
from pymodutils.machine.results import Halted, OutOfBudget, Panicked
from pymodutils.machine.watchdog import Watchdog

if TYPE_CHECKING:
    from mmap import mmap

    from pymodutils.machine.results import Touch

SLICE: Final = 2_000_000  # instructions between two ticks of a busy processor
MASKED_SLICE: Final = 20_000  # the same when a tick is due but interrupts are masked
BUDGET: Final = 1_000  # slices that a call may take without returning to the boot task
NONE: Final = (1 << 64) - 1


class KernelPlaces(NamedTuple):
    """Addresses in a kernel: ``base`` is that of physical address 0 in the mapping of its image."""

    panic: int
    jiffies: int
    base: int


class Machine:
    """A processor of the e_machine ``kind`` on ``ram``, for the kernel with these ``places``."""

    def __init__(self, ram: mmap, kind: int, places: KernelPlaces) -> None:
        self.ram, self.places, self.panic = ram, places, places.panic
        self.arch = architecture.of(kind)
        self.modules = self.arch.modules(places.base)  # their addresses
        self.clock = Clock()
        self.cpu = self.arch.cpu(ram, self.clock, places.jiffies - places.base)
        self.space = self.cpu.space
        self.file = ""  # the file of which ``ram`` is a private mapping
        self.budget = BUDGET
        self.watchdog: Watchdog | None = None  # if set, instructions are not counted
        self.stack = 0  # the start of calls; 0 until the kernel has booted
        self.ticks = self.exceptions = 0

    @property
    def touched(self) -> list[Touch]:
        """The accesses to missing devices."""
        return self.cpu.touched

    def limit(self, seconds: float) -> None:
        """Limit calls to ``seconds`` of CPU time instead of counted instructions: six times as fast.

        After the limit is reached, the machine is unusable.
        """
        self.watchdog = Watchdog(seconds, self.cpu.stop)

    @property
    def spoiled(self) -> bool:
        """Whether the time limit was reached."""
        return self.watchdog is not None and self.watchdog.fired

    def run(self, budget: int = 0) -> None:
        """Run until panic() or a return to it; raise OutOfBudget after ``budget`` slices (0: no limit)."""
        if self.spoiled:
            raise Halted(self.cpu.pc, "a call before ran out of time")
        with self.watchdog or nullcontext():
            self._run(budget)

    def _run(self, budget: int) -> None:
        spent = 0
        count = SLICE if budget and not self.watchdog else 0
        while True:
            try:
                self.cpu.run(self.panic, count)
            except Stuck as error:
                raise Halted(self.cpu.pc, str(error)) from None
            self.cpu.read_roots()
            pc = self.cpu.pc
            if pc == self.panic:
                return
            if self.watchdog and self.watchdog.fired:
                raise OutOfBudget(pc, f"{self.watchdog.seconds} s of CPU time")
            if self._left() or self._exception():
                continue
            spent += 1
            if budget and spent > budget:
                raise OutOfBudget(pc, f"{spent * SLICE:,} instructions" if count else f"{spent:,} ticks")
            masked = not self._tick()
            count = count and (MASKED_SLICE if masked else SLICE)

    def _left(self) -> bool:
        """Return from the function to be left, if any."""
        answer, self.cpu.answer = self.cpu.answer, None
        if answer is None:
            return False
        self.cpu.result = answer & NONE, self.cpu.result[1]
        self.cpu.return_now()
        return True

    def arguments(self, count: int) -> list[int]:
        """The first ``count`` register arguments at the start of a function."""
        return [self.cpu[name] for name in self.arch.calls.registers[:count]]

    def call(self, function: int, *arguments: int) -> int:
        """The result of the kernel's ``function``, called in the boot task."""
        self.cpu.enter(function, self.stack, self.panic)
        for name, value in zip(self.arch.calls.registers, arguments, strict=False):
            self.cpu[name] = value & NONE
        self.run(self.budget)
        if self.cpu.sp != self.stack:
            raise Panicked(self.panic_message().decode("latin-1"))
        return self.cpu.result[0]

    def panic_message(self) -> bytes:
        """The format of panic() at its start, or the string that the format ``%s`` prints."""
        message, first = self.arguments(2)
        return self.space.string(first if self.space.string(message) == b"%s" else message)

    def _exception(self) -> bool:
        """Deliver the exception that stopped the processor, if any."""
        delivered = self.cpu.deliver_exception()
        self.exceptions += delivered
        return delivered

    def _tick(self) -> bool:
        """Deliver a timer interrupt, unless interrupts are masked."""
        if self.cpu.interruptible:
            self.ticks += 1
            self.clock.tick()
            self.cpu.deliver_tick()
            return True
        if not self.cpu.sleeps():
            self.clock.put_off()
        return False
