"""``pymodutils kernel dmesg`` on such a kernel: its log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pymodutils.commands.dyn import options
from pymodutils.commands.getopt import Tool

if TYPE_CHECKING:
    from pymodutils.dyn.kernel import Kernel25

EXAMPLES = [("pymodutils kernel dmesg --backend emulated:k25", "the messages of printk")]


@click.command(cls=Tool, examples=EXAMPLES)
@click.option("-r", "--raw", is_flag=True, help="Print the log level of each line, such as <4>.")
@options.kernel
def command(raw: bool, kernel: Kernel25) -> None:
    """Show what the kernel and its modules logged."""
    for level, text in kernel.log():
        click.echo(f"{f'<{level}>' if raw else ''}{text}")
