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

EXAMPLES = [("pymodutils kernel dump --backend emulated:k25 z", "the memory of a module")]
DIGITS = 8


@click.command(cls=Tool, examples=EXAMPLES)
@click.argument("name", metavar="NAME")
@click.option("--raw", is_flag=True, help="Print raw bytes instead of a hex dump.")
@options.kernel
def command(name: str, raw: bool, kernel: Kernel25) -> None:
    """Show the current memory contents of the module NAME."""
    module = kernel.module(name)
    if raw:
        sys.stdout.buffer.write(module.memory)
        return
    for line in lines(module.memory, module.base, max(DIGITS, len(f"{module.base:x}"))):
        click.echo(line)
