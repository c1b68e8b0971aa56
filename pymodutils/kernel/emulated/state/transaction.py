"""One operation on the state file after the other, and time that passes between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pymodutils.errors import BadState, ModutilsError
from pymodutils.kernel.base import State as ModuleState
from pymodutils.kernel.emulated.load import do_init_module
from pymodutils.kernel.emulated.load.load_info import Wait
from pymodutils.kernel.emulated.state.kernel_state import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.kernel.emulated.caller import Clock
    from pymodutils.kernel.emulated.load.notifiers import Notifiers
    from pymodutils.kernel.emulated.rules import Rules
    from pymodutils.kernel.emulated.state.database import Database
    from pymodutils.kernel.emulated.state.module import Found, Module

T = TypeVar("T")


class Operator:
    """Carries operations out on the kernel in ``store``, each as one transaction."""

    def __init__(self, store: Database, rules: Rules, clock: Clock, notifiers: Notifiers) -> None:
        self.store, self.rules, self.clock, self.notifiers = store, rules, clock, notifiers
        self._exports: dict[str, Found] = {}  # of the kernel itself, as far as they were asked for

    def run(self, step: Callable[[State], T]) -> T:
        """What ``step`` gives; when it raises Wait nothing has happened, and it is tried again.

        A refusal keeps what it logged.
        """
        while True:
            try:
                return self._once(step)
            except Wait as wait:
                self._sleep_until(wait.until)

    def finish(self, module: Module) -> None:
        """Wait until init() or exit() of ``module`` has ended."""
        if module.until is not None and module.until > self.clock.time():
            self._sleep_until(module.until)
            self.run(lambda _: None)

    def _once(self, step: Callable[[State], T]) -> T:
        with self.store.transaction():
            state = State(self.store, self.rules, self.clock.time, self._exports)
            self._advance(state)  # stays, even if the step has to wait: notifiers have heard of it
            try:
                with self.store.transaction():
                    result: T | ModutilsError | Wait = self._taken(state, step)
            except Wait as wait:
                result = wait
        try:
            if isinstance(result, Wait | ModutilsError):
                raise result
            return result
        finally:
            del result  # or an error would hold this frame, which holds it

    def _taken(self, state: State, step: Callable[[State], T]) -> T | ModutilsError:
        """What ``step`` gives, or why it is refused; what it has done by then stays."""
        try:
            result = step(state)
            self._advance(state)
        except BadState:
            raise
        except ModutilsError as error:
            return error
        return result

    def _advance(self, state: State) -> None:
        """Complete each init() and exit() whose time is over, for any process."""
        for module in state.ended():
            end = do_init_module.end_init if module.state is ModuleState.COMING else do_init_module.end_exit
            end(state, module, self.notifiers)

    def _sleep_until(self, moment: float) -> None:
        self.clock.sleep(max(0.0, moment - self.clock.time()))
