"""``pymodutils kernel write``: write to a file of an emulated kernel's /proc or /sys."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from pymodutils.commands import options
from pymodutils.commands.getopt import Tool

if TYPE_CHECKING:
    from pymodutils.kernel.booted.kernel import BootedKernel
    from pymodutils.kernel.emulated.kernel import EmulatedKernel

EXAMPLES = [
    ("pymodutils kernel write /sys/module/loop/parameters/max_part 8", "change a parameter"),
    ("pymodutils kernel write /proc/sys/kernel/modules_disabled 1", "disable module loading"),
]


@click.command(cls=Tool, examples=EXAMPLES)
@click.argument("path", metavar="PATH")
@click.argument("value", metavar="VALUE")
@options.running
def command(path: str, value: str, kernel: EmulatedKernel | BootedKernel) -> None:
    """Write VALUE and a newline to a file below /proc or /sys, as echo would."""
    kernel.write(path, os.fsencode(value) + b"\n")
