"""``pymodutils static-nodes``: print device nodes that load their module when opened."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from pymodutils import writer
from pymodutils.commands import options, output
from pymodutils.commands.getopt import Tool
from pymodutils.depends import devname
from pymodutils.errors import BadLine, Exit, ModutilsError

if TYPE_CHECKING:
    from pymodutils.root import Root

FORMATS = (*devname.FORMATS, "json")


@click.command(
    "static-nodes",
    cls=Tool,
    examples=[
        ("pymodutils static-nodes -f tmpfiles", "input for systemd-tmpfiles"),
        ("pymodutils static-nodes -o /run/tmpfiles.d/x.conf -f tmpfiles", "write it to a file"),
    ],
)
@click.argument("words", nargs=-1, metavar="")
@click.option(
    "-f",
    "--format",
    "format_",
    metavar="FORMAT",
    default="human",
    help=f"Output format: {', '.join(FORMATS)} (default: human).",
)
@click.option("-o", "--output", "target", metavar="FILE", help="Write to FILE, creating its directory.")
@options.machine
@click.pass_context
def command(ctx: click.Context, words: tuple[str, ...], format_: str, target: str | None, root: Root) -> int:
    """Print the device nodes listed in modules.devname of the running kernel."""
    del words  # kmod ignores operands
    if format_ not in FORMATS:
        click.echo(ctx.get_help())
        click.echo(f"Unknown format: '{format_}'.", err=True)
        return 1
    path = root.follow(f"{root.modules()}/{devname.FILE}")
    try:
        entries = devname.load(path)
    except FileNotFoundError:
        click.echo(f"Warning: {path} not found - ignoring", err=True)
        return 0
    nodes = [entry for entry in entries if isinstance(entry, devname.StaticNode)]
    wrong = [entry for entry in entries if isinstance(entry, BadLine)]
    _write(target, _shown(nodes, format_))
    for error in wrong:
        click.echo(f"Error: {error}", err=True)
    return int(bool(wrong))


def _shown(nodes: list[devname.StaticNode], format_: str) -> str:
    if format_ == "json":
        return output.json_text([{**node._asdict(), "path": node.path} for node in nodes]) + "\n"
    return "".join([line + "\n" for line in devname.FORMATS[format_](nodes)])


def _write(target: str | None, text: str) -> None:
    """Print ``text``, or write it to ``target``."""
    data = text.encode("utf-8", "surrogateescape")
    if target is None:
        sys.stdout.buffer.write(data)
        return
    try:
        os.makedirs(os.path.dirname(target) or ".", exist_ok=True)
    except OSError as error:
        click.echo(f"Error: could not create parent directory for {target} - {error.strerror}.", err=True)
        raise Exit(1) from None
    try:
        writer.save(target, data)
    except ModutilsError as error:
        click.echo(f"Error: could not create {target} - {os.strerror(error.errno)}", err=True)
        raise Exit(1) from None
