"""``pymodutils kernel behave``: what the functions of a module do in an emulated kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pymodutils.commands import options
from pymodutils.commands.getopt import Tool

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.kernel import EmulatedKernel

EXAMPLES = [
    ("pymodutils kernel behave e1000 --init-returns -19", "as if there were no such device"),
    ("pymodutils kernel behave raid6_pq --init-takes 2", "as if it measured first"),
]


@click.command(cls=Tool, examples=EXAMPLES)
@click.argument("name", metavar="NAME")
@click.option(
    "--init-returns", type=int, default=0, metavar="NUMBER", help="Return value: 0 or a negative errno (0)."
)
@click.option("--init-takes", type=float, default=0, metavar="SECONDS", help="Duration of init() (0).")
@click.option("--exit-takes", type=float, default=0, metavar="SECONDS", help="Duration of exit() (0).")
@options.emulated
def command(
    name: str, init_returns: int, init_takes: float, exit_takes: float, kernel: EmulatedKernel
) -> None:
    """Say what init() and exit() of the module NAME do when they are called; nobody runs their code."""
    kernel.behave(name, init=init_returns, init_seconds=init_takes, exit_seconds=exit_takes)
