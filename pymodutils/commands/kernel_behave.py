"""``pymodutils kernel behave``: set the result and duration of init() and exit()."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pymodutils.commands import options
from pymodutils.commands.getopt import Tool, raise_usage

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.kernel import EmulatedKernel

PROG = "kernel behave"
EXAMPLES = [
    ("pymodutils kernel behave e1000 --init-returns -19", "as without the device"),
    ("pymodutils kernel behave raid6_pq --init-takes 2", "as if it ran benchmarks"),
    ("pymodutils kernel behave e1000 --run e1000.ko --on vmlinuz", "as on a real kernel"),
]


@click.command(cls=Tool, examples=EXAMPLES)
@click.argument("name", metavar="NAME")
@click.option(
    "--init-returns", type=int, default=0, metavar="NUMBER", help="Return value: 0 or a negative errno (0)."
)
@click.option("--init-takes", type=float, default=0, metavar="SECONDS", help="Duration of init() (0).")
@click.option("--exit-takes", type=float, default=0, metavar="SECONDS", help="Duration of exit() (0).")
@click.option("--run", "file", metavar="MODULE", help="Run init() of this file to obtain the value.")
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
    """Set the result and duration of init() and exit() of the module NAME.

    Their code does not run, except with --run: then the kernel in IMAGE runs init() in this process.
    """
    if bool(file) != bool(image):
        raise_usage(PROG, "--run MODULE requires --on IMAGE, and vice versa")
    if file and image:
        from pymodutils.kernel.booted.outcome import outcome  # noqa: PLC0415 -- takes unicorn

        init_returns = outcome(file, image, kernel.rules.release)
        click.echo(f"init() of {name} returns {init_returns}")
    kernel.behave(name, init=init_returns, init_seconds=init_takes, exit_seconds=exit_takes)
