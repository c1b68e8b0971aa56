"""``pymodutils graph``: show the module dependency graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from pymodutils.commands import graph_formats, options, output
from pymodutils.commands.getopt import Extra, Tool, raise_usage
from pymodutils.depends import config_files
from pymodutils.depends.overview import Overview
from pymodutils.log import Log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.depends.graph import Part
    from pymodutils.root import Root

PROG: Final = "graph"
EXAMPLES: Final = [
    ("pymodutils graph btrfs", "dependencies of btrfs, as a tree"),
    ("pymodutils graph --reverse libcrc32c", "modules that depend on libcrc32c"),
    ("pymodutils graph --format svg ext4 > ext4.svg", "an SVG image"),
    ("pymodutils graph --all --format json", "all modules, as JSON"),
]
MARKS: Final = {"needs": "", "pre": " (before, if there)", "post": " (after, if there)"}


@click.command(cls=Tool, examples=EXAMPLES)
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option("-a", "--all", "every", is_flag=True, help="Show every module.")
@click.option("-r", "--reverse", is_flag=True, help="Show the modules that depend on NAME instead.")
@click.option(
    "--format",
    "format_",
    cls=Extra,
    type=click.Choice(["tree", "dot", "svg", "json"]),
    default="tree",
    help="Output format (default: tree).",
)
@click.option("-k", "--set-version", metavar="VERSION", help="Use the modules of this kernel release.")
@click.option("-b", "--basedir", metavar="DIR", default="", help="Use DIR/lib/modules.")
@click.option(
    "-C",
    "--config",
    multiple=True,
    metavar="FILE",
    help="Read this file or directory instead of modprobe.d.",
)
@options.machine
def command(
    names: tuple[str, ...],
    every: bool,
    reverse: bool,
    format_: str,
    set_version: str | None,
    basedir: str,
    config: tuple[str, ...],
    root: Root,
) -> int:
    """Show the dependencies of NAME (a module or an alias); soft dependencies are dashed."""
    if bool(names) is every:
        raise_usage(PROG, "give the names of modules, or --all")
    directory = root.modules(basedir, set_version)
    overview = Overview(
        directory, config_files.load(root, directory, config, Log(PROG).error), root.of(basedir)
    )
    part = overview.everything() if every else overview.part(names, reverse=reverse)
    PRINT[format_](part, overview, reverse)
    return 0


def print_tree(part: Part, overview: Overview, reverse: bool) -> None:
    """Print a tree per root; for all modules, one per module without users."""
    below: dict[str, list[tuple[str, str]]] = {name: [] for name in part.nodes}
    for user, needed, kind in part.edges:
        start, end = (needed, user) if reverse else (user, needed)
        below[start].append((end, MARKS[kind]))
    seen: set[str] = set()

    def branches(name: str) -> Iterator[output.Branch]:
        for child, mark in below[name]:
            known = child in seen
            seen.add(child)
            again = " ..." if known and below[child] else ""
            yield output.Branch(child, f"{mark}{again}", () if known else branches(child))

    for root in part.roots:
        output.as_tree(output.Branch(root, f"  {overview.paths[root]}", branches(root)))


def print_dot(part: Part, _: Overview, __: bool) -> None:
    """Print the graph for dot(1)."""
    click.echo(graph_formats.dot(part))


def print_svg(part: Part, overview: Overview, _: bool) -> None:
    """Print the graph as SVG."""
    click.echo(graph_formats.svg(part, overview.paths))


def print_json(part: Part, overview: Overview, reverse: bool) -> None:
    """Print the graph as one JSON document."""
    output.as_json({"reverse": reverse, **graph_formats.document(part, overview.paths, overview.cycles)})


PRINT: Final = {"tree": print_tree, "dot": print_dot, "svg": print_svg, "json": print_json}
