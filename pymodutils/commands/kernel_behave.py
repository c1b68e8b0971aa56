"""``pymodutils kernel behave``: what the functions of a module do in an emulated kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pymodutils.commands import options
from pymodutils.commands.getopt import Tool, raise_usage

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.kernel import EmulatedKernel

PROG = "kernel behave"
EXAMPLES = [
    ("pymodutils kernel behave e1000 --init-returns -19", "as if there were no such device"),
    ("pymodutils kernel behave raid6_pq --init-takes 2", "as if it measured first"),
    ("pymodutils kernel behave e1000 --run e1000.ko --on vmlinuz", "what it returns there"),
]


@click.command(cls=Tool, examples=EXAMPLES)
@click.argument("name", metavar="NAME")
@click.option(
    "--init-returns", type=int, default=0, metavar="NUMBER", help="Return value: 0 or a negative errno (0)."
)
@click.option("--init-takes", type=float, default=0, metavar="SECONDS", help="Duration of init() (0).")
@click.option("--exit-takes", type=float, default=0, metavar="SECONDS", help="Duration of exit() (0).")
@click.option(
    "--run", "file", metavar="MODULE", help="Run init() of this file, and let it return that again."
)
@click.option("--on", "image", metavar="IMAGE", help="With --run: the image of the same kernel.")
@options.emulated
def command(
    name: str,
    init_returns: int,
    init_takes: float,
    exit_takes: float,
    file: str | None,
    image: str | None,
    kernel: EmulatedKernel,
) -> None:
    """Say what init() and exit() of the module NAME do when they are called.

    Nobody runs their code, but with --run: then init() is run by the kernel in IMAGE, in this process.
    """
    if bool(file) != bool(image):
        raise_usage(PROG, "--run MODULE and --on IMAGE go together")
    if file and image:
        from pymodutils.kernel.booted.outcome import outcome  # noqa: PLC0415 -- takes unicorn

        init_returns = outcome(file, image, kernel.rules.release)
        click.echo(f"init() of {name} returns {init_returns}")
    kernel.behave(name, init=init_returns, init_seconds=init_takes, exit_seconds=exit_takes)
