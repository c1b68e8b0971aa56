"""``pymodutils kernel export``: copy an emulated kernel's /proc and /sys to a directory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from pymodutils.commands import options
from pymodutils.commands.getopt import Tool
from pymodutils.errors import ModutilsError
from pymodutils.kernel.emulated.vfs import Folder, Link

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.kernel import EmulatedKernel
    from pymodutils.kernel.emulated.observe import Exported

EXAMPLES = [
    ("pymodutils kernel export snapshot", "write the files"),
    ("lsmod --sysroot snapshot", "use them with another tool"),
]


@click.command(cls=Tool, examples=EXAMPLES)
@click.argument("target", metavar="DIR")
@options.emulated
def command(target: str, kernel: EmulatedKernel) -> None:
    """Write /proc and /sys to DIR, which must be new or empty; the files are a consistent snapshot."""
    try:
        os.makedirs(target, exist_ok=True)
        if os.listdir(target):
            raise ModutilsError(target, f"{target} is not empty")
        for entry in kernel.exported():
            _write(target, entry)
    except OSError as error:
        raise ModutilsError(target, f"could not write {error.filename or target}: {error.strerror}") from None


def _write(target: str, entry: Exported) -> None:
    path = target + entry.path
    if isinstance(entry.node, Folder):
        os.mkdir(path)
    elif isinstance(entry.node, Link):
        os.symlink(entry.node.target, path)
    else:
        with open(path, "wb") as file:
            file.write(entry.content)
        os.chmod(path, entry.node.mode)
