"""Options shared by several commands."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from pymodutils.commands.getopt import Extra
from pymodutils.kernel import choose
from pymodutils.root import VARIABLE, Root, default

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.kernel.booted.kernel import BootedKernel
    from pymodutils.kernel.emulated.kernel import EmulatedKernel

BACKEND = "pymodutils.backend"


def _root(ctx: click.Context, _param: click.Parameter, sysroot: str) -> Root:
    root = Root(os.path.abspath(sysroot)) if sysroot else default()
    backend = ctx.meta.get(BACKEND, "")
    return root._replace(kernel=choose.other(backend, ctx.info_name or "")) if backend else root


def _backend(ctx: click.Context, _param: click.Parameter, backend: str) -> None:
    ctx.meta[BACKEND] = backend or os.environ.get(choose.VARIABLE, "")


def _limits(_ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]) -> None:
    if words:
        from pymodutils.kernel.sources import limits  # noqa: PLC0415 -- few need it

        limits.change(words)


limit = click.option(
    "--limit",
    callback=_limits,
    expose_value=False,
    multiple=True,
    metavar="NAME=NUMBER",
    help="Change a limit for archives and images: members, bytes, member, ratio or cpu.",
)
syslog = click.option("-s", "--syslog", is_flag=True, help="Send messages to syslog instead of stderr.")
verbose = click.option("-v", "--verbose", count=True, help="Print more; may be repeated.")
sysroot = click.option(
    "--sysroot",
    "root",  # the command gets a Root
    cls=Extra,
    callback=_root,
    metavar="DIR",
    default="",
    help=f"Use DIR as the root for /etc, /run, /usr/lib, /lib, /proc and /sys (also: ${VARIABLE}).",
)


_chosen = click.option(
    "--backend",
    cls=Extra,
    callback=_backend,
    expose_value=False,
    is_eager=True,
    metavar="KERNEL",
    default="",
    help=f"The kernel to use: real (default), emulated[:FILE] or machine[:FILE] (also: ${choose.VARIABLE}).",
)


def _not_real(backend: str) -> str:
    """The kernel chosen by ``backend`` or the environment, emulated instead of real."""
    chosen = backend or os.environ.get(choose.VARIABLE, "")
    return choose.EMULATED if chosen in ("", choose.REAL) else chosen


def _emulated(ctx: click.Context, _param: click.Parameter, backend: str) -> EmulatedKernel:
    return choose.opened(_not_real(backend), ctx.info_name or "")


emulated = click.option(
    "--backend",
    "kernel",  # the command gets an EmulatedKernel
    cls=Extra,
    callback=_emulated,
    metavar="KERNEL",
    default="",
    help=f"The emulated kernel: emulated (default) or emulated:FILE (also: ${choose.VARIABLE}).",
)


def _running(ctx: click.Context, _param: click.Parameter, backend: str) -> EmulatedKernel | BootedKernel:
    return choose.running(_not_real(backend), ctx.info_name or "")


running = click.option(
    "--backend",
    "kernel",  # the command gets an EmulatedKernel or a BootedKernel
    cls=Extra,
    callback=_running,
    metavar="KERNEL",
    default="",
    help=f"The kernel: emulated[:FILE] (default) or machine[:FILE] (also: ${choose.VARIABLE}).",
)


def machine(command: Any) -> Any:
    """``--sysroot`` and ``--backend``, which pass a Root to the command."""
    return sysroot(_chosen(command))


def compat(default: str | None, help: str) -> Callable[[Any], Any]:  # noqa: A002 -- click's word
    """``--compat`` with the releases of kmod that differ; 35 is the release after 34, as far as known."""
    return click.option(
        "--compat", cls=Extra, type=click.Choice(["30", "34", "35"]), default=default, help=help
    )


def output_format(*choices: str) -> Callable[[Any], Any]:
    """``--format``: kmod's text (default) or one of ``choices``."""
    return click.option(
        "--format",
        "format_",
        cls=Extra,
        type=click.Choice(["text", *choices]),
        default="text",
        help="Output format: text as in kmod (default), " + " or ".join(choices) + ".",
    )
