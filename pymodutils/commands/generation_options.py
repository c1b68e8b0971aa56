"""Options of the commands for emulated kernels of other generations."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import click

from pymodutils.commands.getopt import Extra, raise_usage
from pymodutils.kernel.choose import EMULATED, VARIABLE
from pymodutils.kernel.emulated.boot import default_path

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE: Final = 4096
HIGHEST: Final = (1 << 64) - 1


def state_file(backend: str) -> str:
    """The state file of ``backend``."""
    return backend.partition(":")[2] or default_path()


def generation(number: str) -> Callable[[Any], Any]:
    """``--generation``, for which these commands accept only ``number``."""
    return click.option(
        "--generation",
        cls=Extra,
        expose_value=False,
        metavar="NUMBER",
        help=f"The kernel generation, here {number}; implied by the backend.",
    )


def modules_at(text: str) -> Callable[[Any], Any]:
    """``--modules-at``, the hexadecimal address of a page, with ``text`` as help; passed as ``base``."""
    return click.option("--modules-at", "base", default="", callback=_address, metavar="ADDRESS", help=text)


def _address(_ctx: click.Context, _param: click.Parameter, text: str) -> int:
    try:
        found = int(text, 16) if text else 0
    except ValueError:
        raise_usage("kernel boot", f"'{text}' is not an address")
    if not 0 <= found <= HIGHEST or found % PAGE:
        raise_usage("kernel boot", f"no page of {PAGE:,} bytes begins at {text}")
    return found


def kernel(opened: Callable[[str], object], number: str) -> Callable[[Any], Any]:
    """``--backend``, which passes a kernel ``opened`` from its state to the command, and ``--generation``."""

    def chosen(_ctx: click.Context, _param: click.Parameter, backend: str) -> object:
        return opened(state_file(backend or os.environ.get(VARIABLE, "") or EMULATED))

    option = click.option(
        "--backend",
        "kernel",
        cls=Extra,
        callback=chosen,
        metavar="KERNEL",
        default="",
        help=f"The emulated kernel: emulated (default) or emulated:FILE (also: ${VARIABLE}).",
    )
    return lambda command: option(generation(number)(command))
