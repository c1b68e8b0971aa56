"""Module notifiers, called when a module is coming, live or going; register_module_notifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pymodutils.errors import Refused
from pymodutils.kernel.base import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.kernel.emulated.state.module import KernelModule

    Notifier = Callable[[State, str], int | None]


class _Entry(NamedTuple):
    priority: int
    call: Notifier


class Notifiers:
    """A chain of callables (state, name of the module) -> None, or a negative errno to refuse."""

    def __init__(self) -> None:
        self._chain: list[_Entry] = []

    def register(self, call: Notifier, priority: int = 0) -> None:
        """Add ``call`` after those of the same or a higher ``priority``."""
        self._chain.append(_Entry(priority, call))
        self._chain.sort(key=lambda entry: -entry.priority)

    def unregister(self, call: Notifier) -> None:
        """Remove ``call`` from the chain."""
        self._chain = [entry for entry in self._chain if entry.call != call]

    def coming(self, module: KernelModule) -> None:
        """Announce that ``module`` is coming; if one refuses, notify those before it that it is going.

        Raises Refused with the errno of the refusal.
        """
        for at, entry in enumerate(self._chain):
            code = entry.call(State.COMING, module.name) or 0
            if code < 0:
                for heard in self._chain[:at]:
                    heard.call(State.GOING, module.name)
                raise Refused(module.name, f"a notifier objects to {module.name}", -code)

    def live(self, module: KernelModule) -> None:
        """Announce that ``module`` is live; refusals are ignored."""
        for entry in self._chain:
            entry.call(State.LIVE, module.name)

    def going(self, module: KernelModule) -> None:
        """Announce that ``module`` is going."""
        for entry in self._chain:
            entry.call(State.GOING, module.name)
