"""rmmod on a 2.4 kernel: remove modules, one by one or whole stacks."""

from __future__ import annotations

import os
from errno import ENOENT
from typing import TYPE_CHECKING

from pymodutils.errors import Refused
from pymodutils.linux24.insmod import calls
from pymodutils.linux24.rmmod import persistent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.linux24.insmod.calls import Known, SystemCalls
    from pymodutils.linux24.insmod.report import RunMessages

WANTED, REMOVABLE = 1, 2  # WANT_TO_REMOVE, CAN_REMOVE


def rmmod(kernel: SystemCalls, names: Sequence[str], report: RunMessages) -> int:
    """Remove the modules ``names`` in their order; the exit status."""
    status = 0
    for name in names:
        persistent.save(kernel, name, report)
        try:
            kernel.delete_module(name)
        except Refused as refused:
            status = 1
            if refused.errno == ENOENT:
                report.error(f"module {name} is not loaded")
            else:
                report.perror(name, refused.errno)
    return status


def rmmod_stacks(kernel: SystemCalls, names: Sequence[str], report: RunMessages) -> int:
    """Remove ``names`` and what only they needed; the exit status."""
    modules = calls.modules(kernel)
    known = {module.name: module for module in modules}
    marks = dict.fromkeys(known, 0)
    status = 0
    for name in names:
        if name in marks:
            marks[name] = WANTED
        else:
            report.error(f"module {name} not loaded")
            status = 1
    for module in modules:
        marks[module.name] |= _removable(module, marks, known)
        if marks[module.name] & REMOVABLE:
            status |= _remove(kernel, module.name, report)
        elif marks[module.name]:
            report.error(f"{module.name} is in use")
            status = 1
    return status


def _removable(module: Known, marks: dict[str, int], known: dict[str, Known]) -> int:
    """REMOVABLE if ``module`` was requested or was a dependency, and all its users are removable."""
    if not (module.refs or marks[module.name] & WANTED):
        return 0
    going = (marks[user] & REMOVABLE or (marks[user] and not known[user].refs) for user in module.refs)
    return REMOVABLE if all(going) else 0


def _remove(kernel: SystemCalls, name: str, report: RunMessages) -> int:
    persistent.save(kernel, name, report)
    try:
        kernel.delete_module(name)
    except Refused as refused:
        report.error(f"{name}: {os.strerror(refused.errno)}")
        return 1
    return 0
