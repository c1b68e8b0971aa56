"""Run operations on the state file, with time passing between them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from pymodutils.errors import BadState, ModutilsError
from pymodutils.kernel.base import State
from pymodutils.kernel.emulated.load import do_init_module
from pymodutils.kernel.emulated.load.load_info import Wait
from pymodutils.kernel.emulated.state.kernel_state import KernelCache, KernelState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymodutils.kernel.emulated.caller import WallClock
    from pymodutils.kernel.emulated.load.notifiers import Notifiers
    from pymodutils.kernel.emulated.rules import Rules
    from pymodutils.kernel.emulated.state.database import StateFile
    from pymodutils.kernel.emulated.state.module import KernelModule

T = TypeVar("T")


class Operator:
    """Runs operations on the kernel in ``store``, each as one transaction."""

    def __init__(self, store: StateFile, rules: Rules, clock: WallClock, notifiers: Notifiers) -> None:
        self.store, self.rules, self.clock, self.notifiers = store, rules, clock, notifiers
        self._cache = KernelCache()

    def run(self, step: Callable[[KernelState], T]) -> T:
        """The result of ``step``, retried until it need not wait."""
        while True:
            with self.attempt() as state:
                return step(state)

    @contextmanager
    def attempt(self) -> Iterator[KernelState]:
        """Run one transaction on the state.

        A refusal keeps its log messages. Wait rolls everything back and returns here at the given time; the
        caller then retries.
        """
        failure: ModutilsError | Wait | None = None
        with self.store.transaction():
            state = KernelState(self.store, self.rules, self.clock.time, self._cache)
            self._advance(state)  # kept even if the step has to wait, since notifiers were called
            try:
                with self.store.transaction():
                    try:
                        yield state
                        self._advance(state)
                    except BadState:
                        raise
                    except ModutilsError as error:
                        failure = error
            except Wait as wait:
                failure = wait
        try:
            if isinstance(failure, Wait):
                self._sleep_until(failure.until)
            elif failure:
                raise failure
        finally:
            del failure  # avoids a reference cycle between error and frame

    def finish(self, module: KernelModule) -> None:
        """Wait until init() or exit() of ``module`` has ended."""
        if module.until is not None and module.until > self.clock.time():
            self._sleep_until(module.until)
            self.run(lambda _: None)

    def _advance(self, state: KernelState) -> None:
        """Complete each init() and exit() that has ended, of any process."""
        for module in state.ended():
            end = do_init_module.end_init if module.state is State.COMING else do_init_module.end_exit
            end(state, module, self.notifiers)

    def _sleep_until(self, moment: float) -> None:
        self.clock.sleep(max(0.0, moment - self.clock.time()))
