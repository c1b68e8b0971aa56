"""``pymodutils kernel cat`` on a 2.4 kernel: print files of its /proc."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from pymodutils.commands.getopt import Tool
from pymodutils.commands.linux24 import options

if TYPE_CHECKING:
    from pymodutils.linux24.kernel.kernel import Linux24

EXAMPLES = [("pymodutils kernel cat --backend emulated:k24 /proc/ksyms", "all exported symbols")]


@click.command(cls=Tool, examples=EXAMPLES)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@options.kernel
def command(paths: tuple[str, ...], kernel: Linux24) -> None:
    """Print files below /proc, byte for byte as in a 2.4 kernel."""
    for path in paths:
        sys.stdout.buffer.write(kernel.read(path))
