"""``pymodutils kernel dmesg`` on a 2.4 kernel: print its log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pymodutils.commands.getopt import Tool
from pymodutils.commands.linux24 import options

if TYPE_CHECKING:
    from pymodutils.linux24.kernel.kernel import Linux24

EXAMPLES = [("pymodutils kernel dmesg --backend emulated:k24", "all messages since boot")]


@click.command(cls=Tool, examples=EXAMPLES)
@click.option("-r", "--raw", is_flag=True, help="Print the log level of each line, such as <4>.")
@options.kernel
def command(raw: bool, kernel: Linux24) -> None:
    """Show the kernel log; 2.4 has no timestamps."""
    for line in kernel.log():
        click.echo(f"{f'<{line.level}>' if raw else ''}{line.text}")
