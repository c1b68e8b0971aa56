"""Calls of init() and exit(), with preset results and durations; do_init_module."""

from __future__ import annotations

from errno import EBUSY, EEXIST
from typing import TYPE_CHECKING, Final

from pymodutils.kern_levels import WARNING
from pymodutils.kernel.base import State
from pymodutils.kernel.emulated.state import vmalloc

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.kernel.emulated.load.notifiers import Notifiers
    from pymodutils.kernel.emulated.state.kernel_state import KernelState
    from pymodutils.kernel.emulated.state.module import KernelModule

SUSPICIOUS: Final = (
    "do_init_module: '{name}'->init suspiciously returned {value}, it should follow 0/-E convention\n"
    "do_init_module: loading module anyway..."
)
SUSPICIOUS_7: Final = "{name}: init suspiciously returned {value}, it should follow 0/-E convention"
SHORT_SINCE: Final = (7, 0)
EXISTS_IS_BUSY_SINCE: Final = (7, 0)  # EEXIST is reserved for a name in use


def begin(state: KernelState, module: KernelModule, run: Callable[[], int] | None) -> None:
    """Call init(): record its end and result, from ``run`` if it is not preset."""
    behaviour = state.behaviour(module.name) if module.init else None
    module.outcome = behaviour.init if behaviour else 0
    module.assumed = behaviour is not None and behaviour.assumed
    if module.assumed and run:
        module.outcome, module.assumed = run(), False
    if module.outcome == -EEXIST and state.rules.since(*EXISTS_IS_BUSY_SINCE):
        module.outcome = -EBUSY
    module.until = state.now() + (behaviour.init_seconds if behaviour else 0)
    state.save(module)


def end_init(state: KernelState, module: KernelModule, notifiers: Notifiers) -> None:
    """The return of init(): the module becomes live, or is removed."""
    if module.outcome < 0:
        module.state = State.GOING
        notifiers.going(module)
        free(state, module)
        return
    if module.outcome > 0:
        text = SUSPICIOUS_7 if state.rules.since(*SHORT_SINCE) else SUSPICIOUS
        state.log(WARNING, text.format(name=module.name, value=module.outcome))
    module.state, module.until = State.LIVE, None
    notifiers.live(module)
    state.uevent("add", module.name)
    module.refs -= 1
    _give_back(state, module, init=True)
    state.drop_init(module)
    state.save(module)


def end_exit(state: KernelState, module: KernelModule, notifiers: Notifiers) -> None:
    """The return of exit(): the module is removed."""
    notifiers.going(module)
    state.removal(module.name)
    free(state, module)


def free(state: KernelState, module: KernelModule) -> None:
    """Free all memory of ``module``, and remove it from the list; free_module."""
    _give_back(state, module, init=True)
    _give_back(state, module, init=False)
    state.forget(module)


def _give_back(state: KernelState, module: KernelModule, *, init: bool) -> None:
    for area in module.areas:
        if area.size and area.init == init:
            vmalloc.give_back(state.store, area.base, area.size, state.rules.layout.page)
