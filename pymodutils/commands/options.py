"""Options that several commands share, each defined once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from pymodutils.commands.getopt import Extra
from pymodutils.root import VARIABLE, Root, default

if TYPE_CHECKING:
    from collections.abc import Callable


def _root(_ctx: click.Context, _param: click.Parameter, sysroot: str) -> Root:
    return Root(os.path.abspath(sysroot)) if sysroot else default()


syslog = click.option("-s", "--syslog", is_flag=True, help="Send messages to syslog instead of stderr.")
verbose = click.option("-v", "--verbose", count=True, help="Say more; may be repeated.")
sysroot = click.option(
    "--sysroot",
    "root",  # the command gets a Root
    cls=Extra,
    callback=_root,
    metavar="DIR",
    default="",
    help=f"Take /etc, /run, /usr/lib, /lib, /proc and /sys from below DIR (also: ${VARIABLE}).",
)


def output_format(*choices: str) -> Callable[[Any], Any]:
    """``--format`` with kmod's own text as the default beside ``choices``."""
    return click.option(
        "--format",
        "form",
        cls=Extra,
        type=click.Choice(["text", *choices]),
        default="text",
        help="How to print: kmod's text (default), or " + " or ".join(choices) + ".",
    )
