"""``pymodutils kernel put``: drop a reference to a module of an emulated kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pymodutils.commands import options
from pymodutils.commands.generation import Generations

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.kernel import EmulatedKernel

EXAMPLES = [("pymodutils kernel put fat", "undo 'kernel get fat'")]


@click.command(cls=Generations, examples=EXAMPLES)
@click.argument("name", metavar="NAME")
@options.emulated
def command(name: str, kernel: EmulatedKernel) -> None:
    """Drop a reference to the module NAME that 'get' took."""
    kernel.put(name)
