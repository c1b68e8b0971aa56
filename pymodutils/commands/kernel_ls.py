"""``pymodutils kernel ls``: list a directory of an emulated kernel's /proc or /sys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pymodutils.commands import options
from pymodutils.commands.getopt import Tool

if TYPE_CHECKING:
    from pymodutils.kernel.booted.kernel import BootedKernel
    from pymodutils.kernel.emulated.kernel import EmulatedKernel

EXAMPLES = [("pymodutils kernel ls /sys/module/fat/sections", "the sections of fat")]


@click.command(cls=Tool, examples=EXAMPLES)
@click.argument("path", default="/sys/module", metavar="[PATH]")
@options.running
def command(path: str, kernel: EmulatedKernel | BootedKernel) -> None:
    """List a directory below /proc or /sys (default: /sys/module)."""
    for name in kernel.listdir(path):
        click.echo(name)
