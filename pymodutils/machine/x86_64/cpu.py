"""An x86-64 processor: instructions that are hooked, interrupts and devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from unicorn import x86_const as x86
from unicorn.unicorn_py3.arch.intel import HOOK_INSN_CPUID_CFUNC

from pymodutils.machine.engine import uc, unicorn
from pymodutils.machine.hooks import ALL
from pymodutils.machine.results import Halted, Touch
from pymodutils.machine.x86_64 import exceptions, length, operand
from pymodutils.machine.x86_64.ports import Ports
from pymodutils.machine.x86_64.registers import INTERRUPTS, WORD, X86Registers
from pymodutils.machine.x86_64.start import enter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from mmap import mmap

    from pymodutils.machine.clock import Clock
    from pymodutils.machine.operand import Operand
    from pymodutils.machine.protocol import KernelStart

HLT, JMP, CALL = b"\xf4", b"\xe9", b"\xe8"
LONGEST: Final = 16  # bytes of an instruction, and one more


class X86Cpu(X86Registers):
    """An x86-64 processor; ``ports`` is its I/O space."""

    def __init__(self, ram: mmap, clock: Clock, jiffies: int) -> None:
        self.ports = Ports()
        super().__init__(ram, clock, jiffies)

    def _make(self) -> unicorn.Uc:
        made = unicorn.Uc(uc.UC_ARCH_X86, uc.UC_MODE_64)
        made.ctl_set_cpu_model(x86.UC_CPU_X86_QEMU64)
        return made

    def _hook(self) -> None:
        super()._hook()
        self.uc.hook_add(uc.UC_HOOK_INSN, self._in, None, 1, 0, x86.UC_X86_INS_IN)
        self.uc.hook_add(uc.UC_HOOK_INSN, self._out, None, 1, 0, x86.UC_X86_INS_OUT)
        for instruction in (x86.UC_X86_INS_RDTSC, x86.UC_X86_INS_RDTSCP):
            self.hook(uc.UC_HOOK_INSN, self._stamp, HOOK_INSN_CPUID_CFUNC, ALL, instruction)

    def start(self, start: KernelStart) -> None:
        """Set the registers as a boot loader does."""
        enter(self, start)

    def operand(self, address: int) -> Operand | None:
        """What the instruction at ``address`` accesses in memory, by registers; None if that is not known."""
        return operand.operand(exceptions.instruction(self.space, address))

    def operands(self, area: range) -> Iterator[tuple[int, Operand]]:
        """The instructions of ``area`` that access memory, as ``operand``; up to one that is not known."""
        code, at = self.space.read(area.start, len(area)) + bytes(LONGEST), 0
        while at < len(area) and (size := length.length(code[at : at + LONGEST])):
            found = operand.operand(code[at : at + LONGEST])
            if found:
                yield area.start + at, found
            at += size

    def calls(self, address: int) -> bool:
        """Whether a call of a function by its address in the instruction ends at ``address``."""
        return self.space.read(address - len(CALL) - WORD // 2, 1) == CALL

    def jumps(self, address: int) -> bool:
        """Whether the call at ``address`` is a jump: the function returns to the caller of this one."""
        return self.space.read(address, 1) == JMP

    # Interrupts

    @property
    def interruptible(self) -> bool:
        """Whether interrupts are on."""
        return bool(self["EFLAGS"] & INTERRUPTS)

    def sleeps(self) -> bool:
        """False: HLT waits with interrupts on; raises Halted if they are off."""
        if not self.clock.due and self.space.read(self.pc - 1, 1) == HLT:
            raise Halted(self.pc, "the processor is halted with interrupts off")
        return False

    def deliver_exception(self) -> bool:
        """Let the kernel handle the exception that stopped the processor, if any; raises Halted."""
        return exceptions.deliver(self)

    def deliver_tick(self) -> None:
        """Let the kernel handle a timer interrupt; raises Halted."""
        exceptions.enter(self, exceptions.TIMER, None)

    # Devices

    def save_devices(self) -> Any:
        """The state of the devices as JSON values."""
        return self.ports.save()

    def restore_devices(self, saved: Any) -> None:
        """Restore the saved state of devices."""
        self.ports.restore(saved)

    def _in(self, _uc: object, port: int, size: int, _data: object) -> int:
        if not self.ports.has(port):
            self.touched.append(Touch(port, port=True, by=self.pc))
        return self.ports.read(port, size)

    def _out(self, _uc: object, port: int, _size: int, value: int, _data: object) -> None:
        if not self.ports.has(port):
            self.touched.append(Touch(port, port=True, by=self.pc))
        self.ports.write(port, value)

    def _stamp(self, _uc: object, _data: object) -> int:
        stamp = self.clock.stamp()
        self["RAX"], self["RDX"] = stamp & 0xFFFFFFFF, stamp >> 32
        if self.clock.due:
            self.uc.emu_stop()
        return 1
