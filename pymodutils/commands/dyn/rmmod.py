"""rmmod for a kernel whose modules are shared objects."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from pymodutils.commands.dyn import options
from pymodutils.commands.getopt import Tool
from pymodutils.errors import ModutilsError

if TYPE_CHECKING:
    from pymodutils.dyn.kernel import Kernel25

EXAMPLES = [("rmmod --backend emulated:k25 z", "call its _fini and remove it")]


@click.command(cls=Tool, examples=EXAMPLES)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@options.kernel
def command(names: tuple[str, ...], kernel: Kernel25) -> int:
    """Remove the modules NAME; those without _fini are permanent."""
    failed = 0
    for name in names:
        try:
            kernel.delete_module(name)
        except ModutilsError as error:
            sys.stderr.write(f"rmmod: {error}\n")
            failed = 1
    return failed
