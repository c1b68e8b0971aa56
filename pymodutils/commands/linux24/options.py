"""Options of the commands for 2.4 kernels, and their version text."""

from __future__ import annotations

import sys
from typing import Any, Final

import click

from pymodutils.commands import generation_options
from pymodutils.commands.getopt import Tool
from pymodutils.linux24.kernel.kernel import Linux24

NUMBER: Final = "2.4"
MODUTILS: Final = "2.4.16"  # the version that the tools are like
state_file = generation_options.state_file
generation = generation_options.generation(NUMBER)
kernel = generation_options.kernel(Linux24.open, NUMBER)  # the command gets a Linux24
config = click.option(
    "-C", "--config", "path", default="", metavar="FILE", help="Read FILE instead of /etc/modules.conf."
)


class ModutilsTool(Tool):
    """A tool of modutils: -V tells their version, as that did."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        version = next(param for param in self.params if "--version" in param.opts)
        version.callback = _version


def _version(ctx: click.Context, _param: click.Parameter, given: bool) -> None:
    if given:
        name = str(ctx.command.name)
        stream = sys.stdout if name in ("modprobe", "depmod") else sys.stderr
        stream.write(f"{name} version {MODUTILS}\n")
        ctx.exit()
