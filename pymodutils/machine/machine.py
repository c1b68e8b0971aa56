"""The processor with interrupts: run kernel code until it returns, deliver exceptions and ticks."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Final

from pymodutils.machine import faults, registers
from pymodutils.machine.clock import Clock, ClockState
from pymodutils.machine.cpu import Cpu, Stuck
from pymodutils.machine.faults import At
from pymodutils.machine.paging import AddressSpace, Unmapped
from pymodutils.machine.ports import Ports
from pymodutils.machine.results import Halted, OutOfBudget, Panicked
from pymodutils.machine.watchdog import Watchdog

if TYPE_CHECKING:
    from mmap import mmap

    from pymodutils.machine.results import Touch

UD2, HLT = b"\x0f\x0b", b"\xf4"
TIMER: Final = 0x30  # the vector of IRQ 0; ISA_IRQ_VECTOR in arch/x86/include/asm/irq_vectors.h
SLICE: Final = 2_000_000  # instructions between two ticks of a busy processor
MASKED_SLICE: Final = 20_000  # the same when a tick is due but interrupts are masked
BUDGET: Final = 1_000  # slices that a call may take without returning to the boot task
KERNEL_BASE: Final = 0xFFFFFFFF80000000  # mapping of the image; __START_KERNEL_map
NONE: Final = (1 << 64) - 1


class Machine:
    """A processor on ``ram``; ``panic`` and ``jiffies`` are addresses in the kernel."""

    def __init__(self, ram: mmap, panic: int, jiffies: int, moment: ClockState | None = None) -> None:
        self.ram, self.panic, self.jiffies = ram, panic, jiffies
        self.clock, self.ports = Clock(moment), Ports()
        self.cpu = Cpu(ram, self.clock, self.ports, jiffies - KERNEL_BASE)
        self.space = AddressSpace(ram)
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
            raise Halted(self.cpu["RIP"], "a call before ran out of time")
        with self.watchdog or nullcontext():
            self._run(budget)

    def _run(self, budget: int) -> None:
        spent = 0
        count = SLICE if budget and not self.watchdog else 0
        while True:
            try:
                self.cpu.run(self.panic, count)
            except Stuck as error:
                raise Halted(self.cpu["RIP"], str(error)) from None
            self.space.root = self.cpu["CR3"]
            rip = self.cpu["RIP"]
            if rip == self.panic:
                return
            if self.watchdog and self.watchdog.fired:
                raise OutOfBudget(rip, f"{self.watchdog.seconds} s of CPU time")
            if self._left() or self._exception(rip):
                continue
            spent += 1
            if budget and spent > budget:
                raise OutOfBudget(rip, f"{spent * SLICE:,} instructions" if count else f"{spent:,} ticks")
            masked = not self._tick(rip)
            count = count and (MASKED_SLICE if masked else SLICE)

    def _left(self) -> bool:
        """Return from the function to be left, if any."""
        answer, self.cpu.answer = self.cpu.answer, None
        if answer is None:
            return False
        stack = self.cpu["RSP"]
        self.cpu["RAX"], self.cpu["RIP"], self.cpu["RSP"] = answer & NONE, self.space.number(stack), stack + 8
        return True

    def arguments(self, count: int) -> list[int]:
        """The first ``count`` register arguments at the start of a function."""
        return [self.cpu[name] for name in registers.ARGUMENTS[:count]]

    def call(self, function: int, *arguments: int) -> int:
        """The result (RAX) of the kernel's ``function``, called in the boot task."""
        top = self.stack - 8
        self.space.write(top, self.panic.to_bytes(8, "little"))
        self.cpu["RSP"], self.cpu["RBP"], self.cpu["EFLAGS"] = top, 0, faults.INTERRUPTS | 2
        for name, value in zip(registers.ARGUMENTS, arguments, strict=False):
            self.cpu[name] = value & NONE
        self.cpu["RIP"] = function
        self.run(self.budget)
        if self.cpu["RSP"] != self.stack:
            raise Panicked(self.space.string(self.cpu["RDI"]).decode("latin-1"))
        return self.cpu["RAX"]

    def _exception(self, rip: int) -> bool:
        """Deliver the exception that stopped the processor, if any."""
        vector = self.cpu.exception
        if vector is None:
            if self.space.read(rip, 2) != UD2:
                return False
            vector = faults.INVALID_OPCODE
        code = 0 if vector in faults.WITH_CODE else None
        if vector == faults.PAGE_FAULT:
            at = At(rip, *(self.cpu[name] for name in ("CR2", "RSP", "RDI", "CS")))
            code = faults.error_code(self.space, at)
        if self.cpu.exception is not None:
            self.cpu.settle()
        self.exceptions += 1
        self._deliver(vector, code)
        return True

    def _tick(self, rip: int) -> bool:
        """Deliver a timer interrupt, unless interrupts are masked."""
        if self.cpu["EFLAGS"] & faults.INTERRUPTS:
            self.ticks += 1
            self.clock.tick()
            self._deliver(TIMER, None)
            return True
        if not self.clock.due and self.space.read(rip - 1, 1) == HLT:
            raise Halted(rip, "the processor is halted with interrupts off")
        self.clock.put_off()
        return False

    def _deliver(self, vector: int, code: int | None) -> None:
        """Enter the handler of ``vector``, or that of a double fault where the stack is not mapped."""
        try:
            self._enter(vector, code)
        except Unmapped as fault:
            self.cpu["CR2"] = fault.address
            try:
                self._enter(faults.DOUBLE_FAULT, 0)
            except Unmapped:
                raise Halted(self.cpu["RIP"], f"a triple fault: {fault}") from None

    def _enter(self, vector: int, code: int | None) -> None:
        cpu, space = self.cpu, self.space
        found = faults.gate(space, cpu.interrupt_table, vector)
        frame = tuple(cpu[name] for name in ("SS", "RSP", "EFLAGS", "CS", "RIP"))
        stack = frame[1]
        if found.stack:
            stack = space.number(cpu.task_state + 0x1C + 8 * found.stack)
        elif frame[3] & 3:
            stack = space.number(cpu.task_state + 4)
        cpu["RSP"] = faults.push(space, stack, frame, code)
        cpu["EFLAGS"] = frame[2] & ~(faults.TRAP | faults.INTERRUPTS | faults.NESTED | faults.RESUME)
        cpu["RIP"] = found.handler
