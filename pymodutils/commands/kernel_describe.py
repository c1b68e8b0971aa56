"""``pymodutils kernel describe``: describe the kernel in an image, package or directory."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from pymodutils import writer
from pymodutils.commands import options
from pymodutils.commands.getopt import Tool
from pymodutils.kernel import saved
from pymodutils.kernel.sources import source
from pymodutils.log import Log

if TYPE_CHECKING:
    from pymodutils.root import Root

EXAMPLES = [
    ("pymodutils kernel describe /boot/vmlinuz-6.1", "an image, and config-6.1 next to it"),
    ("pymodutils kernel describe linux.deb -o k.json", "a package, saved to a file"),
    ("pymodutils kernel describe vmlinuz headers/", "two sources; the first one takes precedence"),
    ("pymodutils kernel describe running", "the running kernel"),
]


@click.command(cls=Tool, examples=EXAMPLES)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("-o", "--output", metavar="FILE", help="Write the description as JSON to FILE.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    help="Output format (text).",
)
@options.limit
@options.sysroot
def command(sources: tuple[str, ...], output: str | None, format_: str, root: Root) -> None:
    """Describe the kernel in SOURCE: its release, exports and configuration.

    A SOURCE is a kernel image, a headers directory, a module directory, a .deb or .rpm package, a .config,
    a Module.symvers, a saved description, or the word "running". Earlier sources take precedence;
    conflicts are reported.
    """
    kernel = source.describe(sources, root)
    log = Log("kernel describe")
    for conflict in kernel.conflicts:
        log.warning(conflict)
    if output:
        writer.save(output, saved.dumps(kernel).encode())
    if format_ == "json":
        click.echo(saved.dumps(kernel), nl=False)
        return
    from pymodutils.kernel.summary import lines  # noqa: PLC0415 -- text only

    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    click.echo("\n".join(lines(kernel)))
