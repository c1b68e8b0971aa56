"""``pymodutils kernel dump`` on such a kernel: the memory of a module."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from pymodutils.commands.dyn import options
from pymodutils.commands.getopt import Tool
from pymodutils.commands.kernel_dump import lines

if TYPE_CHECKING:
    from pymodutils.dyn.kernel import Kernel25

EXAMPLES = [("pymodutils kernel dump --backend emulated:k25 z", "a module as it is in memory now")]
DIGITS = 8


@click.command(cls=Tool, examples=EXAMPLES)
@click.argument("name", metavar="NAME")
@click.option("--raw", is_flag=True, help="Its bytes, not a listing of them.")
@options.kernel
def command(name: str, raw: bool, kernel: Kernel25) -> None:
    """Show the module NAME as it is in memory now."""
    module = kernel.module(name)
    if raw:
        sys.stdout.buffer.write(module.memory)
        return
    for line in lines(module.memory, module.base, max(DIGITS, len(f"{module.base:x}"))):
        click.echo(line)
