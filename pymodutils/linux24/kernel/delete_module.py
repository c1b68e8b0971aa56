"""delete_module: remove a module, or all used autoclean ones; kernel/module.c of 2.4."""

from __future__ import annotations

from errno import EBUSY, ENOENT
from typing import TYPE_CHECKING

from pymodutils.linux24.kernel.create_module import get_mod_name, refused
from pymodutils.linux24.struct_module import AUTOCLEAN, DELETED, JUST_FREED, RUNNING, USED_ONCE, VISITED

if TYPE_CHECKING:
    from pymodutils.linux24.kernel.state import Module24, StoredKernel


def delete_module(state: StoredKernel, name: str | None) -> None:
    """Remove the module ``name``, or with None all autoclean modules that are due; raises Refused."""
    if name is None:
        _reap(state)
        return
    get_mod_name(name)
    module = state.find(name)
    if module is None:
        raise refused(name, ENOENT)
    if module.header["refs"] or module.header["usecount"]:
        raise refused(name, EBUSY)
    free_module(state, module)


def free_module(state: StoredKernel, module: Module24, *, tag_freed: bool = False) -> None:
    """Remove ``module`` from all lists; ``tag_freed`` marks dependencies that become unused."""
    for at in state.deps(module):
        used = state.at(state.reference(at)[0])
        if used is not None:
            _unlink(state, used, at)
            if tag_freed and not used.header["refs"]:
                used.header["flags"] |= JUST_FREED
    position = state.modules.index(module)
    if position:
        state.modules[position - 1].header["next"] = module.header["next"]
    state.remove(module)


def _unlink(state: StoredKernel, used: Module24, at: int) -> None:
    """Remove the module_ref at ``at`` from the list of references to ``used``."""
    following = state.reference(at)[2]
    if used.header["refs"] == at:
        used.header["refs"] = following
        return
    for where, _ in state.refs(used):
        dep, ref, after = state.reference(where)
        if after == at:
            state.set_reference(where, dep, ref, following)


def _reap(state: StoredKernel) -> None:
    """Remove autoclean modules that were used but not since the last call, repeatedly."""
    changed = True
    while changed:
        changed = False
        for module in list(state.modules):
            flags = module.header["flags"]
            due = flags & (AUTOCLEAN | RUNNING | USED_ONCE) == AUTOCLEAN | RUNNING | USED_ONCE
            if not due or flags & DELETED or module.header["refs"] or module.header["usecount"]:
                continue
            if flags & VISITED and not flags & JUST_FREED:
                module.header["flags"] = flags & ~VISITED
            else:
                free_module(state, module, tag_freed=True)
                changed = True
    for module in state.modules:
        module.header["flags"] &= ~JUST_FREED
