"""Hooks of a processor: calls before instructions, for blocks of code and for accesses to memory.

Those that run often go past the layers of unicorn's binding, which take most of their time; some instructions
can only be hooked in this way.
"""

from __future__ import annotations

import ctypes
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final

from pymodutils.machine.engine import binding, uc, unicorn

if TYPE_CHECKING:
    from collections.abc import Callable

Watch = tuple[int, "Callable[[], None]"]  # the address of an instruction, and its callback
ALL: Final = range(1, 0)  # all addresses, for unicorn


class Hooks(ABC):
    """The hooks of the processor ``uc``."""

    def __init__(self, made: unicorn.Uc) -> None:
        self.uc = made
        self.answer: int | None = None  # return value of a function left early
        self._watches: dict[int, list[Callable[[], None]]] = {}
        self._callbacks: list[object] = []  # of ctypes, which unicorn does not hold
        self._raised: BaseException | None = None  # by a callback, which unicorn cannot pass on

    def hook(self, kind: int, call: Callable[..., Any], prototype: Any, where: range, *more: int) -> None:
        """Let unicorn call ``call``, a ``prototype`` of ctypes, for events of ``kind`` in ``where``."""
        made = prototype(call)
        self._callbacks.append(made)
        binding.uclib.uc_hook_add(
            self.uc._uch,  # noqa: SLF001 -- the handle of unicorn
            ctypes.byref(binding.uc_hook_h()),
            kind,
            made,
            None,
            ctypes.c_uint64(where.start),
            ctypes.c_uint64(where.stop - 1 if where else where.stop),
            *map(ctypes.c_int, more),
        )

    def map_device(self, where: range, read: Callable[..., int], write: Callable[..., None]) -> None:
        """Let ``read`` and ``write``, which do not raise, answer for ``where`` in memory."""
        made = binding.MMIO_READ_CFUNC(read), binding.MMIO_WRITE_CFUNC(write)
        self._callbacks += made
        binding.uclib.uc_mmio_map(
            *(self.uc._uch, where.start, len(where)),  # noqa: SLF001
            *(made[0], None, made[1], None),
        )

    # Functions that are watched

    def watch(self, address: int, call: Callable[[], None]) -> Watch:
        """Call ``call`` before the instruction at ``address`` runs, before earlier watches of it.

        No further ones are called after one that leaves the function.
        """
        if address not in self._watches:
            calls = self._watches[address] = []

            def reached(*_: object) -> None:
                self._reached(calls)

            self.hook(uc.UC_HOOK_CODE, reached, binding.HOOK_CODE_CFUNC, range(address, address + 1))
            self.forget(address)
        self._watches[address].insert(0, call)
        return address, call

    def _reached(self, calls: list[Callable[[], None]]) -> None:
        try:
            for call in calls.copy():
                call()
                if self.answer is not None:
                    return
        except BaseException as error:  # noqa: BLE001 -- run() raises it
            self._raised = self._raised or error
            self.uc.emu_stop()

    @abstractmethod
    def forget(self, address: int) -> None:
        """Forget translated code of the page at ``address``."""

    def raise_caught(self) -> None:
        """Raise what a callback has raised."""
        raised, self._raised = self._raised, None
        if raised is not None:
            raise raised

    def watched(self, watch: Watch) -> bool:
        """Whether ``watch`` is active on this processor."""
        return watch[1] in self._watches.get(watch[0], ())

    def unwatch(self, watch: Watch) -> None:
        """Remove ``watch``."""
        address, call = watch
        self._watches[address].remove(call)

    def leave(self, value: int) -> None:
        """Return ``value`` from the function being entered, without running it."""
        self.answer = value
        self.uc.emu_stop()

    def watch_blocks(self, start: int, end: int, call: Callable[[int, int], None]) -> None:
        """Call ``call`` with address and size of each executed block of code in the range."""
        self.uc.hook_add(
            uc.UC_HOOK_BLOCK, lambda _uc, address, size, _data: call(address, size), None, start, end - 1
        )
        self.uc.ctl_flush_tb()

    # Code and memory that are watched for a while

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
