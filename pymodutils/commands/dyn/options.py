"""Options that these commands share."""

from __future__ import annotations

import os
from typing import Any

import click

from pymodutils.commands.getopt import Extra
from pymodutils.dyn.kernel import Kernel25
from pymodutils.kernel.choose import EMULATED, VARIABLE
from pymodutils.kernel.emulated.boot import default_path


def _kernel(_ctx: click.Context, _param: click.Parameter, backend: str) -> Kernel25:
    word = backend or os.environ.get(VARIABLE, "") or EMULATED
    return Kernel25.open(word.partition(":")[2] or default_path())


_chosen = click.option(
    "--backend",
    "kernel",  # the command gets a Kernel25
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
    help="The generation of the kernel, here 2.5-dyn; the backend tells it, too.",
)


def kernel(command: Any) -> Any:
    """``--backend``, which gives the command its kernel, and ``--generation``."""
    return _chosen(generation(command))
