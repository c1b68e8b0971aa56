"""``pymodutils profile``: record what a machine uses of its kernel."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

from pymodutils import writer
from pymodutils.commands import options
from pymodutils.commands.getopt import Tool
from pymodutils.printable import printable

if TYPE_CHECKING:
    from pymodutils.root import Root

PROG: Final = "profile"
EXAMPLES: Final = [
    ("pymodutils profile -o laptop.json", "this machine"),
    ("pymodutils profile --sysroot /mnt", "the system mounted at /mnt"),
    ("pymodutils profile --from udev.txt", "from udevadm info --export-db"),
]


@click.command(cls=Tool, examples=EXAMPLES)
@click.option("-o", "--output", "path", metavar="FILE", help="Write to FILE instead of standard output.")
@click.option("--from", "captured", multiple=True, metavar="FILE", help="Read captured files instead.")
@options.sysroot
def command(path: str | None, captured: tuple[str, ...], root: Root) -> int:
    """Record which devices, drivers, modules, file systems and policies the machine uses, as JSON.

    No privileges are needed. The profile contains no serial numbers, addresses, host or user names.
    """
    from pymodutils.profile import document, live, recording  # noqa: PLC0415 -- words come first
    from pymodutils.profile.profile import merge  # noqa: PLC0415

    found = merge([recording.read(each) for each in captured]) if captured else live.read(root)
    text = document.dumps(found)
    if path and path != "-":
        writer.save(path, text.encode("ascii"))
    else:
        click.echo(text, nl=False)
    for line in found.incomplete:
        sys.stdout.flush()
        sys.stderr.write(f"{PROG}: WARNING: {printable(line)}\n")
    return 0
