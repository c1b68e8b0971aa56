"""``pymodutils kernel get`` on a 2.4 kernel: take a reference to a module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pymodutils.commands.getopt import Tool
from pymodutils.commands.linux24 import options

if TYPE_CHECKING:
    from pymodutils.linux24.kernel.kernel import Linux24

EXAMPLES = [("pymodutils kernel get --backend emulated:k24 3c59x", "it cannot be removed now")]


@click.command(cls=Tool, examples=EXAMPLES)
@click.argument("name", metavar="NAME")
@options.kernel
def command(name: str, kernel: Linux24) -> None:
    """Take a reference to the module NAME: MOD_INC_USE_COUNT."""
    kernel.use(name, 1)
