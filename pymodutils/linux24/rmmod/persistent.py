"""Persistent data of a module, which rmmod would save if 2.4 kernels returned it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pymodutils.linux24.insmod import calls

if TYPE_CHECKING:
    from pymodutils.linux24.insmod.calls import SystemCalls
    from pymodutils.linux24.insmod.report import RunMessages

TOO_OLD: Final = "has persistent data but the kernel is too old to support it."
ORIGIN: Final = re.compile(r"_O(.*)_M[0-9A-F]+_V-?\d+")  # what follows __insmod_NAME


def save(kernel: SystemCalls, name: str, report: RunMessages) -> None:
    """Report that data of the module ``name`` cannot be saved, if insmod recorded a file for it.

    The file stays unchanged; modutils removed the parameters from it.
    """
    report.detail(f"Checking {name} for persistent data")
    if name not in calls.module_names(kernel):
        return
    prefix = f"__insmod_{name}"
    marks = [symbol.removeprefix(prefix) for _, symbol in calls.symbols(kernel, name)]
    if not any(mark.startswith("_P") for mark in marks):
        return
    report.detail(f"{name} has persistent data")
    if calls.gives_data(kernel, name):
        return
    before, about = report.errors, report.about
    report.about = next((found[1] for found in map(ORIGIN.fullmatch, marks) if found), about)
    report.error(TOO_OLD)
    report.errors, report.about = before, about
