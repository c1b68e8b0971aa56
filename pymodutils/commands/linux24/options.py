"""Options that the commands for 2.4 kernels share."""

from __future__ import annotations

import os
from typing import Any

import click

from pymodutils.commands.getopt import Extra
from pymodutils.kernel.choose import EMULATED, VARIABLE
from pymodutils.kernel.emulated.boot import default_path
from pymodutils.linux24.kernel.kernel import Linux24


def state_file(backend: str) -> str:
    """The state file that ``backend`` means."""
    return backend.partition(":")[2] or default_path()


def _kernel(_ctx: click.Context, _param: click.Parameter, backend: str) -> Linux24:
    return Linux24.open(state_file(backend or os.environ.get(VARIABLE, "") or EMULATED))


_chosen = click.option(
    "--backend",
    "kernel",  # the command gets a Linux24
    cls=Extra,
    callback=_kernel,
    metavar="KERNEL",
    default="",
    help=f"The emulated kernel: emulated (default) or emulated:FILE (also: ${VARIABLE}).",
)
generation = click.option(
    "--generation",
    cls=Extra,
    expose_value=False,
    metavar="NUMBER",
    help="The generation of the kernel, here 2.4; the backend tells it, too.",
)


def kernel(command: Any) -> Any:
    """``--backend``, which gives the command its kernel, and ``--generation``."""
    return _chosen(generation(command))
