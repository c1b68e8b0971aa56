"""rmmod for a 2.4 kernel: remove modules."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from pymodutils.commands.getopt import Tool
from pymodutils.commands.linux24 import options
from pymodutils.errors import Refused
from pymodutils.linux24.insmod import calls
from pymodutils.linux24.insmod.report import RunMessages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.linux24.kernel.kernel import Linux24

EXAMPLES = [
    ("rmmod --backend emulated:k24 3c59x", "remove a module"),
    ("rmmod --backend emulated:k24 -r iptable_nat", "and what it needed, if nothing else does"),
    ("rmmod --backend emulated:k24 -a", "remove autoclean modules that are unused"),
]


@click.command(cls=Tool, examples=EXAMPLES)
@click.argument("words", nargs=-1, metavar="NAME...")
@click.option("-a", "--all", "every", is_flag=True, help="Remove all unused autoclean modules.")
@click.option("-r", "--stacks", is_flag=True, help="Remove what NAME depends on, too, if it is unused then.")
@click.option("-s", "--syslog", is_flag=True, help="Send messages to syslog.")
@click.option("-v", "--verbose", is_flag=True, help="Print more.")
@options.kernel
def command(
    words: tuple[str, ...], every: bool, stacks: bool, syslog: bool, verbose: bool, kernel: Linux24
) -> int:
    """Remove the modules NAME from a 2.4 kernel."""
    report = RunMessages("rmmod", verbose=verbose, syslog=syslog)
    if every:
        kernel.delete_module(None)
        return 0
    if not words:
        report.error("missing module name.")
        return 1
    loaded = calls.module_names(kernel)
    missing = [word for word in words if word not in loaded]
    for word in missing:
        report.error(f"module {word} is not loaded")
    if missing:
        return 1
    for word in (name for name in loaded if name in words):
        _remove(kernel, word, report, stacks=stacks)
    return int(report.errors > 0)


def _remove(kernel: Linux24, name: str, report: RunMessages, *, stacks: bool) -> None:
    needs = calls.dependencies(kernel, name) if stacks else []
    if _refused(kernel, name, report):
        return
    _stack(kernel, needs, report)


def _stack(kernel: Linux24, needs: Sequence[str], report: RunMessages) -> None:
    """Remove what is left of ``needs``, and what that needed, as far as nothing uses it."""
    for name in needs:
        if name not in calls.module_names(kernel):
            continue
        known = calls.known(kernel, name)
        if not known.refs and not known.usecount:
            _remove(kernel, name, report, stacks=True)


def _refused(kernel: Linux24, name: str, report: RunMessages) -> bool:
    try:
        kernel.delete_module(name)
    except Refused as refused:
        report.error(f"{name}: {os.strerror(refused.errno)}")
        return True
    return False
