"""rmmod for a 2.4 kernel: remove modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pymodutils.commands.linux24 import options
from pymodutils.linux24.insmod import calls
from pymodutils.linux24.insmod.report import RunMessages
from pymodutils.linux24.rmmod import persistent
from pymodutils.linux24.rmmod.rmmod import rmmod, rmmod_stacks

if TYPE_CHECKING:
    from pymodutils.linux24.kernel.kernel import Linux24

EXAMPLES = [
    ("rmmod --backend emulated:k24 3c59x", "remove a module"),
    ("rmmod --backend emulated:k24 -r iptable_nat", "and its unused dependencies"),
    ("rmmod --backend emulated:k24 -a", "remove autoclean modules that are unused"),
]


@click.command("rmmod", cls=options.ModutilsTool, examples=EXAMPLES)
@click.argument("words", nargs=-1, metavar="NAME...")
@click.option("-a", "--all", "every", is_flag=True, help="Remove all unused autoclean modules.")
@click.option("-e", "--persist", is_flag=True, help="Save persistent data of NAME, or of all; remove none.")
@click.option("-r", "--stacks", is_flag=True, help="Also remove dependencies of NAME that become unused.")
@click.option("-s", "--syslog", is_flag=True, help="Send messages to syslog.")
@click.option("-v", "--verbose", is_flag=True, help="Print more.")
@options.kernel
def command(
    words: tuple[str, ...],
    every: bool,
    persist: bool,
    stacks: bool,
    syslog: bool,
    verbose: bool,
    kernel: Linux24,
) -> int:
    """Remove the modules NAME from a 2.4 kernel."""
    report = RunMessages("rmmod", verbose=verbose, syslog=syslog)
    if every or persist:
        for name in words if persist and words else calls.module_names(kernel):
            persistent.save(kernel, name, report)
        if every:
            kernel.delete_module(None)
        return 0
    if not words:
        report.error("missing module name.")
        return 1
    return (rmmod_stacks if stacks else rmmod)(kernel, words, report)
