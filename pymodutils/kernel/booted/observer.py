"""The common part of checks: watched kernel functions and their callers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pymodutils.kernel.booted.replace import called_by_module
from pymodutils.machine.paging import Unmapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pymodutils.kernel.booted.host import Host
    from pymodutils.kernel.booted.misuse import Note, Notes
    from pymodutils.kernel.booted.module import LiveModule
    from pymodutils.kernel.booted.returns import Returns
    from pymodutils.machine.machine import Machine

NEAR: Final = 256  # bytes of the stack in which a return to a module is looked for


class Observer:
    """One kind of checks of ``kernel``, which writes ``notes``."""

    kept: ClassVar[tuple[str, ...]] = ()  # attributes with what it knows: dictionaries

    def __init__(self, kernel: Host, notes: Notes, returns: Returns) -> None:
        self.kernel, self.notes, self.returns = kernel, notes, returns

    @property
    def machine(self) -> Machine:
        """The processor of the kernel, which may be a new one."""
        return self.kernel.guest.machine

    def attach(self) -> None:
        """Watch the processor that the machine has now."""
        raise NotImplementedError

    def expect(self, module: LiveModule) -> None:
        """Read what is needed of the file of ``module``, which is about to be loaded."""

    def loaded(self, module: LiveModule, address: int) -> None:
        """The init function of ``module``, whose struct module is at ``address``, is about to run."""

    def left(self) -> Iterable[tuple[Note, int]]:
        """What modules have not released, and its address."""
        return ()

    def gone(self) -> None:
        """Note what modules left, after all are gone."""
        for note, address in self.left():
            self.notes.add(note, address)

    def save(self) -> dict[str, Any]:
        """The state, for ``restore``."""
        return {name: dict(getattr(self, name)) for name in self.kept}

    def restore(self, saved: dict[str, Any]) -> None:
        """Restore a saved state."""
        for name, value in saved.items():
            setattr(self, name, dict(value))

    # For those that watch

    def watch(self, names: Iterable[str], call: Callable[[int], None]) -> None:
        """Call ``call`` with the address of each function of ``names`` in the kernel, when it is entered."""
        for name in names:
            address = self.kernel.guest.lookup(name)
            if address:
                self.machine.cpu.watch(address, partial(call, address))

    def ours(self, function: int) -> bool:
        """Whether a module called ``function``, at its start."""
        return called_by_module(self.kernel.guest, function, self._back())

    def caller(self) -> int:
        """The return address at the start of a function; after a tail call, the start of the caller."""
        guest = self.kernel.guest
        back = self._back()
        return guest.running if guest.called_from(back) else back - 1

    def _back(self) -> int:
        return self.returns.back()

    def site(self) -> int:
        """The module code responsible, if it is near on the stack; else the caller."""
        return next(self._returns_to_modules(), self.caller())

    def _returns_to_modules(self, near: int = NEAR) -> Iterator[int]:
        """The return addresses into modules in ``near`` bytes of the stack; other words are data or stale."""
        stack, space = self.machine.cpu.sp, self.machine.space
        try:
            for at in range(0, near, 8):
                found = self.returns.address(stack + at)
                if found in self.machine.modules and space.runs(found) and self.machine.cpu.calls(found):
                    yield found - 1
        except Unmapped:
            return
