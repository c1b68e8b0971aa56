"""Remove a module; kernel/module/main.c: delete_module."""

from __future__ import annotations

import os
from errno import EAGAIN, EBUSY, ENOENT, ENOSYS, EPERM
from typing import TYPE_CHECKING, Final

from pymodutils.errors import Refused
from pymodutils.kernel.base import State
from pymodutils.kernel.emulated.load.load_info import NAME_LENGTH
from pymodutils.kernel.emulated.state.taints import Taint

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.caller import Caller
    from pymodutils.kernel.emulated.state.kernel_state import KernelState
    from pymodutils.kernel.emulated.state.module import KernelModule

DISABLED: Final = "modules_disabled"


def delete_module(state: KernelState, name: bytes, flags: int, caller: Caller) -> KernelModule:
    """Mark the module ``name`` as going and call its exit(); raises Refused with the errno of the call."""
    if not state.rules.on("MODULE_UNLOAD"):
        raise _refused(name, ENOSYS)
    permit(state, caller)
    word = name.partition(b"\0")[0]
    if not 0 < len(word) < NAME_LENGTH[state.rules.arch.bits]:
        raise _refused(name, ENOENT)
    module = state.find(word.decode("utf-8", "surrogateescape"))
    if module is None:
        raise _refused(name, ENOENT)
    if state.users_of(module):
        raise _refused(name, EAGAIN)
    if module.state is not State.LIVE:
        raise _refused(name, EBUSY)
    if module.permanent and not _force(state, flags):
        raise _refused(name, EBUSY)
    if module.refs and not _force(state, flags):
        raise _refused(name, EAGAIN)
    module.state = State.GOING
    module.until = state.now() + (state.behaviour(module.name).exit_seconds if module.exit else 0)
    state.save(module)
    return module


def permit(state: KernelState, caller: Caller) -> None:
    """Refuse callers without permission to load or remove modules."""
    if not caller.capable or state.setting(DISABLED):
        raise _refused(b"module", EPERM)


def _force(state: KernelState, flags: int) -> bool:
    """Whether the removal is forced and permitted; try_force_unload."""
    forced = bool(flags & os.O_TRUNC) and state.rules.on("MODULE_FORCE_UNLOAD")
    if forced:
        state.taint(Taint.FORCED_REMOVAL)
    return forced


def _refused(name: bytes, code: int) -> Refused:
    text = os.fsdecode(name)
    return Refused(text, f"could not remove '{text}': {os.strerror(code)}", code)
