"""A processor on given RAM, with workarounds for unicorn that all architectures need.

- Stopping it from outside (``timeout=``) corrupts its state. It stops itself, or counts instructions.
- Undefined instructions may stop it without an event.
"""

from __future__ import annotations

import ctypes
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pymodutils.machine import engine
from pymodutils.machine.engine import binding, uc, unicorn
from pymodutils.machine.hooks import Hooks
from pymodutils.machine.instructions import Instructions
from pymodutils.machine.paging import PAGE, AddressSpace
from pymodutils.machine.results import Touch

if TYPE_CHECKING:
    from mmap import mmap

    from pymodutils.machine.clock import Clock
    from pymodutils.machine.paging import EntryFormat
    from pymodutils.machine.protocol import KernelStart

TRANSLATED: Final = 32 << 20  # bytes of translated code, which is dropped when it fills them
Registers = dict[str, Any]  # name -> number, or a tuple for tables, TR and FP registers


class Cpu(Hooks, Instructions, ABC):
    """A processor with the memory ``ram``; reads of the physical address ``jiffies`` are counted."""

    entries: ClassVar[EntryFormat]
    pushed: ClassVar[int]  # bytes that a call puts on the stack
    program_counter: ClassVar[str]  # the register with the address of the next instruction
    stack_pointer: ClassVar[str]  # that with the stack pointer
    results: ClassVar[tuple[str, str]]  # those of what a function returned

    def __init__(self, ram: mmap, clock: Clock, jiffies: int) -> None:
        engine.check()
        super().__init__(self._make())
        self.ram, self.clock, self.space = ram, clock, AddressSpace(ram, self.entries)
        self.exception: int | None = None
        self.undefined = False
        self.touched: list[Touch] = []  # accesses to missing devices
        self.looked = False  # whether a read of jiffies stopped it
        self._jiffies, self._watched = jiffies, jiffies & -PAGE
        self._words = (ctypes.c_uint64 * 2)()  # room for the widest register
        self.uc.ctl_set_tcg_buffer_size(TRANSLATED)
        self._map()
        self._hook()

    def _map(self) -> None:
        self._buffer = (ctypes.c_char * len(self.ram)).from_buffer(self.ram)
        base, after = ctypes.addressof(self._buffer), self._watched + PAGE
        self.uc.mem_map_ptr(0, self._watched, uc.UC_PROT_ALL, base)
        self.uc.mem_map_ptr(after, len(self.ram) - after, uc.UC_PROT_ALL, base + after)
        self.map_device(range(self._watched, self._watched + PAGE), self._look, self._store)

    def _hook(self) -> None:
        self.uc.hook_add(uc.UC_HOOK_INTR, self._interrupt)
        self.uc.hook_add(uc.UC_HOOK_MEM_UNMAPPED, self._unmapped, None, len(self.ram), (1 << 64) - 1)

    @property
    def ram_address(self) -> int:
        """The address of RAM in this process."""
        return ctypes.addressof(self._buffer)

    # What an architecture does in its own way

    @abstractmethod
    def start(self, start: KernelStart) -> None:
        """Set the registers as a boot loader does."""

    @abstractmethod
    def _make(self) -> unicorn.Uc:
        """A new processor."""

    @staticmethod
    @abstractmethod
    def number(name: str) -> int:
        """The register ``name`` in unicorn."""

    @abstractmethod
    def save(self) -> Registers:
        """All registers as JSON values."""

    @abstractmethod
    def restore(self, saved: Registers) -> None:
        """Restore saved registers into a new processor."""

    @abstractmethod
    def rewind(self, saved: Registers) -> None:
        """Restore saved registers of this processor, and flush translated addresses."""

    @abstractmethod
    def save_devices(self) -> Any:
        """The state of the devices as JSON values."""

    @abstractmethod
    def restore_devices(self, saved: Any) -> None:
        """Restore the saved state of devices."""

    @abstractmethod
    def read_roots(self) -> None:
        """Let ``space`` be what the processor uses."""

    def flush_tables(self) -> None:
        """Flush the TLB after page tables were changed from outside; translated code stays valid."""
        self.uc.ctl(uc.UC_CTL_TLB_FLUSH, uc.UC_CTL_IO_WRITE)

    @property
    @abstractmethod
    def back(self) -> int:
        """The return address of the function that begins."""

    @back.setter
    @abstractmethod
    def back(self, address: int) -> None: ...

    @abstractmethod
    def enter(self, function: int, stack: int, back: int) -> None:
        """Begin ``function`` on ``stack``, with interrupts on; it returns to ``back``."""

    @abstractmethod
    def return_now(self) -> None:
        """Return from the function that begins."""

    @abstractmethod
    def return_to(self, back: int) -> None:
        """Return to ``back`` from a function that has just returned elsewhere."""

    @property
    @abstractmethod
    def interruptible(self) -> bool:
        """Whether interrupts are on."""

    @abstractmethod
    def sleeps(self) -> bool:
        """Whether it waits for an interrupt that it takes later; raises Halted if it never does."""

    @abstractmethod
    def deliver_exception(self) -> bool:
        """Let the kernel handle the exception that stopped the processor, if any; raises Halted."""

    @abstractmethod
    def deliver_tick(self) -> None:
        """Let the kernel handle a timer interrupt; raises Halted."""

    # Registers

    def __getitem__(self, name: str) -> int:
        """The register ``name`` of at most 64 bits."""
        self._words[0] = 0
        binding.uclib.uc_reg_read(self.uc._uch, self.number(name), self._words)  # noqa: SLF001
        return self._words[0]

    def __setitem__(self, name: str, value: int) -> None:
        self._words[0] = value
        binding.uclib.uc_reg_write(self.uc._uch, self.number(name), self._words)  # noqa: SLF001

    @property
    def pc(self) -> int:
        """The address of the next instruction."""
        return self[self.program_counter]

    @property
    def sp(self) -> int:
        """The stack pointer."""
        return self[self.stack_pointer]

    @property
    def result(self) -> tuple[int, int]:
        """What a function returned: the second word is that of a structure of two."""
        low, high = self.results
        return self[low], self[high]

    @result.setter
    def result(self, words: tuple[int, int]) -> None:
        for name, word in zip(self.results, words, strict=True):
            self[name] = word

    # Running

    def run(self, until: int, count: int) -> None:
        """Run up to ``until``, an event or ``count`` instructions (0: unlimited, and six times as fast).

        ``exception`` is then the number of an exception, if any, ``undefined`` whether the instruction is
        undefined, for which there is none. Raises Stuck on failures of unicorn.
        """
        self.exception, self.undefined, self.looked = None, False, False
        try:
            self.uc.emu_start(self.pc, until, count=count)
        except unicorn.UcError as error:
            if error.errno != uc.UC_ERR_INSN_INVALID:
                raise Stuck(str(error)) from None
            self.undefined = True
        self.raise_caught()

    def flush(self) -> None:
        """Forget translated code and page tables: code was changed from outside."""
        self.uc.ctl_flush_tb()
        self.flush_tables()

    def forget(self, address: int) -> None:
        """Forget translated code of the page at ``address``; of all pages, if it is not executable now."""
        self.read_roots()
        if self.space.runs(address):
            self.uc.ctl_remove_cache(address & -PAGE, (address & -PAGE) + PAGE)
        else:
            self.uc.ctl_flush_tb()

    def stop(self) -> None:
        """Stop from another thread, which corrupts the state."""
        self.uc.emu_stop()

    # Events

    def _interrupt(self, _uc: object, number: int, _data: object) -> None:
        self.exception = number
        self.uc.emu_stop()

    def _unmapped(
        self, _uc: object, _access: int, address: int, _size: int, _value: int, _data: object
    ) -> bool:
        self.touched.append(Touch(address, port=False, by=self.pc))
        try:
            self.uc.mem_map(address & -PAGE, PAGE)
            self.uc.mem_write(address & -PAGE, b"\xff" * PAGE)
        except unicorn.UcError:
            return False
        return True

    def _look(self, _uc: object, offset: int, size: int, _data: object) -> int:
        place = self._watched + offset
        if place & -8 == self._jiffies:
            self.clock.look()
            if self.clock.due:
                self.looked = True
                self.uc.emu_stop()
        return int.from_bytes(self.ram[place : place + size], "little")

    def _store(self, _uc: object, offset: int, size: int, value: int, _data: object) -> None:
        place = self._watched + offset
        self.ram[place : place + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")


class Stuck(Exception):
    """unicorn cannot continue."""
