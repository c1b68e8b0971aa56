"""lsmod for a 2.4 kernel: list its modules."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from pymodutils.commands.linux24 import options

if TYPE_CHECKING:
    from pymodutils.linux24.kernel.kernel import Linux24

TITLE = "Module                  Size  Used by    "
LETTERS = ("G", "P"), (" ", "F"), (" ", "S")  # letters for a clear and a set bit of tainted
EXAMPLES = [("lsmod --backend emulated:k24", "list the modules and the taint")]


@click.command("lsmod", cls=options.ModutilsTool, examples=EXAMPLES)
@options.kernel
def command(kernel: Linux24) -> None:
    """List the modules of a 2.4 kernel, newest first."""
    tainted = int(kernel.read("/proc/sys/kernel/tainted") or b"0")
    letters = "".join(pair[tainted >> bit & 1] for bit, pair in enumerate(LETTERS))
    title = TITLE + (f"Tainted: {letters}" if tainted else "Not tainted")
    sys.stdout.buffer.write(f"{title}\n".encode() + kernel.read("/proc/modules"))
