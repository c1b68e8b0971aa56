"""``pymodutils kernel dump`` on a 2.4 kernel: show the image of a module."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from pymodutils import writer
from pymodutils.commands.getopt import Tool
from pymodutils.commands.kernel_dump import lines
from pymodutils.commands.linux24 import options

if TYPE_CHECKING:
    from pymodutils.linux24.kernel.kernel import Linux24

EXAMPLES = [
    ("pymodutils kernel dump --backend emulated:k24 3c59x", "its memory, as in hexdump -C"),
    ("pymodutils kernel dump --backend emulated:k24 --raw 3c59x >img", "the image passed to init_module"),
]


@click.command(cls=Tool, examples=EXAMPLES)
@click.argument("name", metavar="NAME")
@click.option("--raw", is_flag=True, help="Write the raw image passed to init_module.")
@click.option("-o", "--output", "target", metavar="FILE", help="Write to FILE, atomically.")
@options.kernel
def command(name: str, raw: bool, target: str | None, kernel: Linux24) -> None:
    """Show the current memory of the module NAME, or the image that insmod passed."""
    if raw:
        data = kernel.given(name)
    else:
        base, memory = kernel.memory(name)
        data = "".join(f"{line}\n" for line in lines(memory, base, kernel.abi.bits // 4)).encode()
    if target is None:
        sys.stdout.buffer.write(data)
    else:
        writer.save(target, data)
