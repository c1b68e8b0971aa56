"""A processor on given RAM, with workarounds for unicorn that all architectures need.

- Stopping it from outside (``timeout=``) corrupts its state. It stops itself, or counts instructions.
- Some instructions can only be hooked through ctypes. Undefined instructions may stop it without an event.
"""

from __future__ import annotations

import ctypes
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pymodutils.errors import ModutilsError
from pymodutils.machine.instructions import Instructions
from pymodutils.machine.paging import PAGE, AddressSpace
from pymodutils.machine.results import Touch

try:
    import unicorn
    from unicorn import unicorn_const as uc
    from unicorn.unicorn_py3 import unicorn as binding
except ImportError:
    raise ModutilsError("unicorn", "no machine without unicorn: pip install 'pymodutils[machine]'") from None

if TYPE_CHECKING:
    from collections.abc import Callable
    from mmap import mmap

    from pymodutils.machine.clock import Clock
    from pymodutils.machine.paging import EntryFormat
    from pymodutils.machine.protocol import KernelStart

VERSIONS: Final = ("2.1.4",)  # tested: they boot kernels to identical memory
TRANSLATED: Final = 32 << 20  # bytes of translated code, which is dropped when it fills them
Watch = tuple[int, "Callable[[], None]"]  # the address of an instruction, and its callback
Registers = dict[str, Any]  # name -> number, or a tuple for tables, TR and FP registers


class Cpu(Instructions, ABC):
    """A processor with the memory ``ram``; reads of the physical address ``jiffies`` are counted."""

    entries: ClassVar[EntryFormat]
    pushed: ClassVar[int]  # bytes that a call puts on the stack
    program_counter: ClassVar[str]  # the register with the address of the next instruction
    stack_pointer: ClassVar[str]  # that with the stack pointer
    results: ClassVar[tuple[str, str]]  # those of what a function returned

    def __init__(self, ram: mmap, clock: Clock, jiffies: int) -> None:
        if unicorn.__version__ not in VERSIONS:
            raise ModutilsError(
                "unicorn", f"unicorn {unicorn.__version__} is not supported: install unicorn=={VERSIONS[-1]}"
            )
        self.ram, self.clock, self.space = ram, clock, AddressSpace(ram, self.entries)
        self.exception: int | None = None
        self.undefined = False
        self._watches: dict[int, list[Callable[[], None]]] = {}
        self.answer: int | None = None  # return value of a function left early
        self.touched: list[Touch] = []  # accesses to missing devices
        self.looked = False  # whether a read of jiffies stopped it
        self._jiffies, self._watched = jiffies, jiffies & -PAGE
        self._made: list[object] = []  # callbacks of ctypes, which unicorn does not hold
        self.uc = self._make()
        self.uc.ctl_set_tcg_buffer_size(TRANSLATED)
        self._map()
        self._hook()

    def _map(self) -> None:
        self._buffer = (ctypes.c_char * len(self.ram)).from_buffer(self.ram)
        base, after = ctypes.addressof(self._buffer), self._watched + PAGE
        self.uc.mem_map_ptr(0, self._watched, uc.UC_PROT_ALL, base)
        self.uc.mem_map_ptr(after, len(self.ram) - after, uc.UC_PROT_ALL, base + after)
        self.uc.mmio_map(self._watched, PAGE, self._look, None, self._store, None)

    def _hook(self) -> None:
        self.uc.hook_add(uc.UC_HOOK_INTR, self._interrupt)
        self.uc.hook_add(uc.UC_HOOK_MEM_UNMAPPED, self._unmapped)

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

    @abstractmethod
    def flush_tables(self) -> None:
        """Forget page tables, which were changed from outside; the code at an address is the same."""

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

    def hook_instruction(self, number: int, call: Callable[..., int], kind: Any) -> None:
        """Run ``call``, a ``kind`` of ctypes, instead of an instruction that hook_add() does not support."""
        made = kind(call)
        self._made.append(made)
        binding.uclib.uc_hook_add(
            self.uc._uch,  # noqa: SLF001 -- the same
            ctypes.byref(binding.uc_hook_h()),
            uc.UC_HOOK_INSN,
            made,
            None,
            ctypes.c_uint64(1),
            ctypes.c_uint64(0),
            ctypes.c_int(number),
        )

    # Registers

    def __getitem__(self, name: str) -> int:
        value: int = self.uc.reg_read(self.number(name))
        return value

    def __setitem__(self, name: str, value: int) -> None:
        self.uc.reg_write(self.number(name), value)

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

    def flush(self) -> None:
        """Forget translated code and page tables: code was changed from outside."""
        self.uc.ctl_flush_tb()
        self.flush_tables()

    def forget(self, address: int) -> None:
        """Forget translated code of the page at ``address``, which was changed from outside."""
        self.uc.ctl_remove_cache(address, address + PAGE)

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

    def watch_code(self, area: range, call: Callable[[int], None]) -> int:
        """Call ``call`` with the address of each instruction in ``area`` before it runs; for ``unhook``.

        None of them has run yet.
        """
        return self._add(uc.UC_HOOK_CODE, lambda _uc, address, _size, _data: call(address), area)

    def watch_memory(self, area: range, call: Callable[[bool, int, int], None], *, first: bool = True) -> int:
        """Call ``call`` with write or read, place and size of each access to this RAM; for ``unhook``.

        The first such call makes all code be translated once more.
        """

        def accessed(_uc: object, access: int, place: int, size: int, _value: int, _data: object) -> None:
            call(access == uc.UC_MEM_WRITE, place, size)

        hook = self._add(uc.UC_HOOK_MEM_READ | uc.UC_HOOK_MEM_WRITE, accessed, area)
        if first:
            self.uc.ctl_flush_tb()
        return hook

    def _add(self, kind: int, call: Callable[..., None], area: range) -> int:
        hook: int = self.uc.hook_add(kind, call, None, area.start, area.stop - 1)
        return hook

    def unhook(self, hook: int) -> None:
        """Watch this code or memory no more."""
        self.uc.hook_del(hook)

    def leave(self, value: int) -> None:
        """Return ``value`` from the function being entered, without running it."""
        self.answer = value
        self.uc.emu_stop()

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
