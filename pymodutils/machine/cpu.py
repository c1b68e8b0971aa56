"""An x86-64 processor on given RAM, with workarounds for unicorn.

- Stopping it from outside (``timeout=``) corrupts its state. It stops itself, or counts instructions.
- It remembers an exception and treats the next one as a double fault; so a context saved without a pending
  exception is restored, and the registers are written back.
- RDTSC can only be hooked through ctypes. Undefined instructions stop it without an event.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Final

from pymodutils.errors import ModutilsError
from pymodutils.machine import registers as names
from pymodutils.machine.paging import PAGE
from pymodutils.machine.results import Touch

try:
    import unicorn
    from unicorn import unicorn_const as uc
    from unicorn import x86_const as x86
    from unicorn.unicorn_py3 import unicorn as binding
    from unicorn.unicorn_py3.arch.intel import HOOK_INSN_CPUID_CFUNC
except ImportError:
    raise ModutilsError("unicorn", "no machine without unicorn: pip install 'pymodutils[machine]'") from None

if TYPE_CHECKING:
    from collections.abc import Callable
    from mmap import mmap

    from pymodutils.machine.clock import Clock
    from pymodutils.machine.ports import Ports

VERSIONS: Final = ("2.1.4",)  # tested: they boot kernels to identical memory
Watch = tuple[int, "Callable[[], None]"]  # the address of an instruction, and its callback
Registers = dict[str, Any]  # name -> number, or a tuple for tables, TR and FP registers


class Cpu:
    """A processor with the memory ``ram``; accesses to the page with jiffies are counted."""

    def __init__(self, ram: mmap, clock: Clock, ports: Ports, jiffies: int) -> None:
        if unicorn.__version__ not in VERSIONS:
            raise ModutilsError(
                "unicorn", f"unicorn {unicorn.__version__} is not supported: install unicorn=={VERSIONS[-1]}"
            )
        self.ram, self.clock, self.ports = ram, clock, ports
        self.exception: int | None = None
        self._watches: dict[int, list[Callable[[], None]]] = {}
        self.answer: int | None = None  # return value of a function left early
        self.touched: list[Touch] = []  # accesses to missing devices
        self._jiffies, self._watched = jiffies, jiffies & -PAGE
        self.uc = unicorn.Uc(uc.UC_ARCH_X86, uc.UC_MODE_64)
        self.uc.ctl_set_cpu_model(x86.UC_CPU_X86_QEMU64)
        self._map()
        self._hook()
        self._clean = self.uc.context_save()

    def _map(self) -> None:
        self._buffer = (ctypes.c_char * len(self.ram)).from_buffer(self.ram)
        base, after = ctypes.addressof(self._buffer), self._watched + PAGE
        self.uc.mem_map_ptr(0, self._watched, uc.UC_PROT_ALL, base)
        self.uc.mem_map_ptr(after, len(self.ram) - after, uc.UC_PROT_ALL, base + after)
        self.uc.mmio_map(self._watched, PAGE, self._look, None, self._store, None)

    def _hook(self) -> None:
        self.uc.hook_add(uc.UC_HOOK_INTR, self._interrupt)
        self.uc.hook_add(uc.UC_HOOK_MEM_UNMAPPED, self._unmapped)
        self.uc.hook_add(uc.UC_HOOK_INSN, self._in, None, 1, 0, x86.UC_X86_INS_IN)
        self.uc.hook_add(uc.UC_HOOK_INSN, self._out, None, 1, 0, x86.UC_X86_INS_OUT)
        self._stamp_hook = HOOK_INSN_CPUID_CFUNC(self._stamp)
        for instruction in (x86.UC_X86_INS_RDTSC, x86.UC_X86_INS_RDTSCP):
            binding.uclib.uc_hook_add(
                self.uc._uch,  # noqa: SLF001 -- hook_add does not support RDTSC
                ctypes.byref(binding.uc_hook_h()),
                uc.UC_HOOK_INSN,
                self._stamp_hook,
                None,
                ctypes.c_uint64(1),
                ctypes.c_uint64(0),
                ctypes.c_int(instruction),
            )

    @property
    def ram_address(self) -> int:
        """The address of RAM in this process."""
        return ctypes.addressof(self._buffer)

    # Registers

    def __getitem__(self, name: str) -> int:
        value: int = self.uc.reg_read(_number(name))
        return value

    def __setitem__(self, name: str, value: int) -> None:
        self.uc.reg_write(_number(name), value)

    @property
    def interrupt_table(self) -> int:
        """The base of the IDT."""
        return int(self.uc.reg_read(x86.UC_X86_REG_IDTR)[1])

    @property
    def task_state(self) -> int:
        """The base of the task state segment."""
        return int(self.uc.reg_read(x86.UC_X86_REG_TR)[1])

    def save(self) -> Registers:
        """All registers as JSON values."""
        groups = (names.TABLES, names.SYSTEM, names.SEGMENTS, names.VECTORS, names.GENERAL)
        found: Registers = {name: self.uc.reg_read(_number(name)) for group in groups for name in group}
        return found | {f"{msr:x}": self.uc.msr_read(msr) for msr in names.MODEL_SPECIFIC}

    def restore(self, saved: Registers) -> None:
        """Restore saved registers into a new processor."""
        self.enter_long_mode(saved[f"{names.EFER:x}"], saved)
        self._write(saved)
        self.begin()

    def rewind(self, saved: Registers) -> None:
        """Restore saved registers of this processor, and flush translated addresses."""
        self.uc.context_restore(self._clean)
        self._write(saved)
        self.begin()

    def begin(self) -> None:
        """Save the current context, without a pending exception, to clear exceptions later."""
        self._clean = self.uc.context_save()

    def enter_long_mode(self, efer: int, control: Registers) -> None:
        """Set the registers of PAGING_ORDER from ``control``; the processor itself sets EFER.LMA."""
        self.uc.msr_write(names.EFER, efer & ~names.LONG_MODE_ACTIVE)
        for name in names.PAGING_ORDER:
            self.uc.reg_write(_number(name), control[name])

    def _write(self, saved: Registers) -> None:
        def write(group: list[str]) -> None:
            for name in group:
                value = saved[name]
                self.uc.reg_write(_number(name), tuple(value) if isinstance(value, list) else value)

        for group in (names.TABLES, names.SYSTEM, names.SEGMENTS):
            write(group)
        for msr in names.MODEL_SPECIFIC:
            self.uc.msr_write(msr, saved[f"{msr:x}"])
        for group in (names.VECTORS, names.GENERAL):
            write(group)

    def set_table(self, name: str, base: int, limit: int) -> None:
        """Set GDTR or IDTR."""
        self.uc.reg_write(_number(name), (0, base, limit, 0))

    # Running

    def run(self, until: int, count: int) -> None:
        """Run up to ``until``, an event or ``count`` instructions (0: unlimited, and six times as fast).

        ``exception`` is then the vector of an exception, if any; raises Stuck on failures of unicorn.
        """
        self.exception = None
        try:
            self.uc.emu_start(self["RIP"], until, count=count)
        except unicorn.UcError as error:
            if error.errno != uc.UC_ERR_INSN_INVALID:
                raise Stuck(str(error)) from None

    def settle(self) -> None:
        """Clear the delivered exception."""
        self.rewind(self.save())

    def flush(self) -> None:
        """Forget translated code and page tables: code was changed from outside."""
        self.uc.ctl_flush_tb()
        self.flush_tables()

    def flush_tables(self) -> None:
        """Forget page tables, which were changed from outside; the code at an address is the same."""
        self["CR3"] = self["CR3"]

    # Functions that are watched

    def watch(self, address: int, call: Callable[[], None]) -> Watch:
        """Call ``call`` before the instruction at ``address`` runs, before earlier watches of it.

        No further ones are called after one that leaves the function.
        """
        if address not in self._watches:
            self._watches[address] = []
            self.uc.hook_add(uc.UC_HOOK_CODE, lambda *_: self._reached(address), None, address, address)
            self.uc.ctl_flush_tb()
        self._watches[address].insert(0, call)
        return address, call

    def _reached(self, address: int) -> None:
        for call in list(self._watches[address]):
            call()
            if self.answer is not None:
                return

    def watched(self, watch: Watch) -> bool:
        """Whether ``watch`` is active on this processor."""
        return watch[1] in self._watches.get(watch[0], ())

    def unwatch(self, watch: Watch) -> None:
        """Remove ``watch``."""
        address, call = watch
        self._watches[address].remove(call)

    def watch_blocks(self, start: int, end: int, call: Callable[[int, int], None]) -> None:
        """Call ``call`` with address and size of each executed block of code in the range."""
        self.uc.hook_add(
            uc.UC_HOOK_BLOCK, lambda _uc, address, size, _data: call(address, size), None, start, end - 1
        )
        self.uc.ctl_flush_tb()

    def watch_memory(self, start: int, end: int, call: Callable[[bool, int, int], None]) -> None:
        """Call ``call`` with write or read, place and size of each access to this part of RAM."""

        def accessed(_uc: object, access: int, place: int, size: int, _value: int, _data: object) -> None:
            call(access == uc.UC_MEM_WRITE, place, size)

        kinds = uc.UC_HOOK_MEM_READ | uc.UC_HOOK_MEM_WRITE
        self.uc.hook_add(kinds, accessed, None, start, end - 1)
        self.uc.ctl_flush_tb()

    def leave(self, value: int) -> None:
        """Return ``value`` from the function being entered, without running it."""
        self.answer = value
        self.uc.emu_stop()

    def stop(self) -> None:
        """Stop from another thread, which corrupts the state."""
        self.uc.emu_stop()

    # Events

    def _interrupt(self, _uc: object, vector: int, _data: object) -> None:
        self.exception = vector
        self.uc.emu_stop()

    def _unmapped(
        self, _uc: object, _access: int, address: int, _size: int, _value: int, _data: object
    ) -> bool:
        self.touched.append(Touch(address, port=False, by=self["RIP"]))
        try:
            self.uc.mem_map(address & -PAGE, PAGE)
            self.uc.mem_write(address & -PAGE, b"\xff" * PAGE)
        except unicorn.UcError:
            return False
        return True

    def _in(self, _uc: object, port: int, size: int, _data: object) -> int:
        if not self.ports.has(port):
            self.touched.append(Touch(port, port=True, by=self["RIP"]))
        return self.ports.read(port, size)

    def _out(self, _uc: object, port: int, _size: int, value: int, _data: object) -> None:
        if not self.ports.has(port):
            self.touched.append(Touch(port, port=True, by=self["RIP"]))
        self.ports.write(port, value)

    def _stamp(self, _uc: object, _data: object) -> int:
        stamp = self.clock.stamp()
        self["RAX"], self["RDX"] = stamp & 0xFFFFFFFF, stamp >> 32
        if self.clock.due:
            self.uc.emu_stop()
        return 1

    def _look(self, _uc: object, offset: int, size: int, _data: object) -> int:
        place = self._watched + offset
        if place & -8 == self._jiffies:
            self.clock.look()
            if self.clock.due:
                self.uc.emu_stop()
        return int.from_bytes(self.ram[place : place + size], "little")

    def _store(self, _uc: object, offset: int, size: int, value: int, _data: object) -> None:
        place = self._watched + offset
        self.ram[place : place + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")


class Stuck(Exception):
    """unicorn cannot continue."""


def _number(name: str) -> int:
    number: int = getattr(x86, "UC_X86_REG_" + name)
    return number
