"""``pymodutils kernel cat``: print files of an emulated kernel's /proc or /sys."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from pymodutils.commands import options
from pymodutils.commands.generation import Generations

if TYPE_CHECKING:
    from pymodutils.kernel.booted.kernel import BootedKernel
    from pymodutils.kernel.emulated.kernel import EmulatedKernel

EXAMPLES = [
    ("pymodutils kernel cat /proc/modules", "the loaded modules"),
    ("pymodutils kernel cat /sys/module/fat/refcnt", "the reference count of fat"),
]


@click.command(cls=Generations, examples=EXAMPLES)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@options.running
def command(paths: tuple[str, ...], kernel: EmulatedKernel | BootedKernel) -> None:
    """Print files below /proc and /sys, byte for byte as in the real kernel."""
    for path in paths:
        sys.stdout.buffer.write(kernel.read(path))
