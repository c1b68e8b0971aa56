"""insmod for a kernel whose modules are shared objects."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from pymodutils.commands.dyn import options
from pymodutils.commands.getopt import Tool
from pymodutils.elf import compress
from pymodutils.errors import ModutilsError

if TYPE_CHECKING:
    from pymodutils.dyn.kernel import Kernel25

ENDINGS = (".klm", ".so", ".ko", ".o")
EXAMPLES = [("insmod --backend emulated:k25 ./z.klm", "load and initialize a module")]


@click.command(cls=Tool, examples=EXAMPLES)
@click.argument("path", metavar="FILE")
@click.option("-o", "--name", default="", metavar="NAME", help="The name of the module.")
@options.kernel
def command(path: str, name: str, kernel: Kernel25) -> int:
    """Load the shared object FILE into the kernel and call its _init."""
    base = os.path.basename(path)
    ending = next((ending for ending in ENDINGS if base.endswith(ending)), "")
    try:
        image = compress.read(path)
        kernel.init_module(name or base.removesuffix(ending), image)
    except ModutilsError as error:
        sys.stderr.write(f"insmod: {error}\n")
        return 1
    return 0
