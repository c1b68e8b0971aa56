"""``pymodutils kernel get``: take a reference to a module of an emulated kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pymodutils.commands import options
from pymodutils.commands.generation import Generations

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.kernel import EmulatedKernel

EXAMPLES = [("pymodutils kernel get fat", "fat cannot be removed now")]


@click.command(cls=Generations, examples=EXAMPLES)
@click.argument("name", metavar="NAME")
@options.emulated
def command(name: str, kernel: EmulatedKernel) -> None:
    """Take a reference to the module NAME, as a mount or an open device would."""
    kernel.get(name)
