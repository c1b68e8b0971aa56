"""Errors of unmodified modules: misused memory and locks, and what they leave allocated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pymodutils.kernel.booted.bounds_checks import BoundsChecks
from pymodutils.kernel.booted.heap_checks import HeapChecks
from pymodutils.kernel.booted.left_behind import LeftBehind
from pymodutils.kernel.booted.locks import LockChecks
from pymodutils.kernel.booted.misuse import Misused, Notes
from pymodutils.kernel.booted.returns import Returns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pymodutils.kernel.booted.host import Host
    from pymodutils.kernel.booted.misuse import Misuse, Note
    from pymodutils.kernel.booted.module import LiveModule
    from pymodutils.kernel.booted.observer import Observer

KINDS: Final = (HeapChecks, BoundsChecks, LeftBehind, LockChecks)


class Saved(NamedTuple):
    """The saved state of checks."""

    observers: list[dict[str, Any]]
    noted: dict[tuple[str, int], Note]
    pending: dict[int, tuple[int, list[Callable[[int], None]]]]


class Checks:
    """Checks of these ``kinds`` of ``kernel``."""

    def __init__(self, kernel: Host, kinds: Sequence[type[Observer]] = KINDS) -> None:
        self.kernel, self.notes, self.returns = kernel, Notes(), Returns(kernel)
        self.observers = [kind(kernel, self.notes, self.returns) for kind in kinds]
        self.attach()

    def attach(self) -> None:
        """Watch the processor of the kernel, which may have been replaced."""
        self.returns.attach()
        for observer in self.observers:  # the last to attach is called first; the heap ends the call
            observer.attach()

    def expect(self, module: LiveModule) -> None:
        """Read what is needed of the file of ``module``, which is about to be loaded."""
        for observer in self.observers:
            observer.expect(module)

    def loaded(self, module: LiveModule, address: int) -> None:
        """The init function of ``module``, whose struct module is at ``address``, is about to run."""
        for observer in self.observers:
            observer.loaded(module, address)

    def leaks(self) -> None:
        """Note what is not freed; called when all modules are gone."""
        for observer in self.observers:
            observer.gone()

    def left(self) -> frozenset[tuple[Note, int]]:
        """What modules have allocated and not released, and its address."""
        return frozenset(pair for observer in self.observers for pair in observer.left())

    def save(self) -> Saved:
        """The state, for ``restore``."""
        known = [observer.save() for observer in self.observers]
        return Saved(known, dict(self.notes.noted), dict(self.returns.pending))

    def restore(self, saved: Saved) -> None:
        """Restore a saved state."""
        for observer, known in zip(self.observers, saved.observers, strict=True):
            observer.restore(known)
        self.notes.noted = dict(saved.noted)
        self.returns.pending = dict(saved.pending)

    @property
    def found(self) -> list[Misuse]:
        """The misuses found, the first of each kind and place."""
        return self.notes.found(self.kernel)

    def verify(self) -> None:
        """Raise Misused if anything was found."""
        if found := self.found:
            raise Misused(found)
