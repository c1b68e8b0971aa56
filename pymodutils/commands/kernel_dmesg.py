"""``pymodutils kernel dmesg``: print the log of an emulated kernel."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from pymodutils.commands import options, output
from pymodutils.commands.generation import Generations

if TYPE_CHECKING:
    from pymodutils.kernel.base import PrintkRecord
    from pymodutils.kernel.booted.kernel import BootedKernel
    from pymodutils.kernel.emulated.kernel import EmulatedKernel

PAUSE = 0.1  # seconds between polls
EXAMPLES = [
    ("pymodutils kernel dmesg", "all messages since boot"),
    ("pymodutils kernel dmesg -w", "and new ones, until Ctrl-C"),
]


@click.command(cls=Generations, examples=EXAMPLES)
@click.option("-w", "--follow", is_flag=True, help="Keep printing new messages until interrupted.")
@click.option("-r", "--raw", is_flag=True, help="Print the log level of each line, such as <4>.")
@click.option("-u", "--uevents", is_flag=True, help="Print uevents too.")
@click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Output format (text)."
)
@options.running
def command(
    follow: bool, raw: bool, uevents: bool, format_: str, kernel: EmulatedKernel | BootedKernel
) -> None:
    """Show what the kernel logged."""
    booted, last = kernel.booted(), (0, 0)
    while True:
        lines = kernel.log(last[0])
        events = kernel.uevents(last[1]) if uevents else []
        last = (lines[-1].number if lines else last[0], events[-1].number if events else last[1])
        for line in sorted([*lines, *events], key=lambda line: line.stamp):
            _show(line, booted, format_, raw=raw)
        if not follow:
            return
        sys.stdout.flush()
        time.sleep(PAUSE)


def _show(line: PrintkRecord, booted: float, format_: str, *, raw: bool) -> None:
    seconds = max(0.0, line.stamp - booted)
    if format_ == "json":
        output.as_json({"seconds": round(seconds, 6), "level": line.level, "text": line.text}, lines=True)
    else:
        prefix = f"{f'<{line.level}>' if raw else ''}[{seconds:12.6f}] "
        click.echo("\n".join(prefix + part for part in line.text.split("\n")))
