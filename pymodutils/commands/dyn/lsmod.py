"""lsmod for a kernel whose modules are shared objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pymodutils.commands.dyn import options
from pymodutils.commands.getopt import Tool

if TYPE_CHECKING:
    from pymodutils.dyn.kernel import Kernel25

EXAMPLES = [("lsmod --backend emulated:k25", "the modules in /proc/modules")]


@click.command(cls=Tool, examples=EXAMPLES)
@options.kernel
def command(kernel: Kernel25) -> None:
    """List the loaded modules, newest first, as in /proc/modules."""
    click.echo("Module                  Size  Used by")
    click.echo(kernel.proc_modules(), nl=False)
