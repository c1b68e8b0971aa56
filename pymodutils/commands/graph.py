"""graph: draw what depends on what."""

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
    ("pymodutils graph btrfs", "what btrfs needs, as a tree"),
    ("pymodutils graph --reverse libcrc32c", "what needs libcrc32c"),
    ("pymodutils graph --format svg ext4 > ext4.svg", "a picture for a browser"),
    ("pymodutils graph --all --format json", "everything, for a program"),
]
MARKS: Final = {"needs": "", "pre": " (before, if there)", "post": " (after, if there)"}


@click.command(cls=Tool, examples=EXAMPLES)
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option("-a", "--all", "every", is_flag=True, help="Draw every module instead of those named.")
@click.option("-r", "--reverse", is_flag=True, help="Draw what needs NAME instead of what it needs.")
@click.option(
    "--format",
    "form",
    cls=Extra,
    type=click.Choice(["tree", "dot", "svg", "json"]),
    default="tree",
    help="A tree (default), graphviz's language, a picture, or a document for programs.",
)
@click.option("-k", "--set-version", metavar="VERSION", help="Of this kernel instead of the running one.")
@click.option("-b", "--basedir", metavar="DIR", default="", help="Take lib/modules from below DIR.")
@click.option(
    "-C",
    "--config",
    multiple=True,
    metavar="FILE",
    help="Read FILE, or the files in it, instead of modprobe.d.",
)
@options.machine
def command(
    names: tuple[str, ...],
    every: bool,
    reverse: bool,
    form: str,
    set_version: str | None,
    basedir: str,
    config: tuple[str, ...],
    root: Root,
) -> int:
    """Draw the modules that NAME (a module or an alias) needs; soft dependencies are dashed."""
    if bool(names) is every:
        raise_usage(PROG, "give the names of modules, or --all")
    directory = root.modules(basedir, set_version)
    overview = Overview(directory, config_files.load(root, directory, config, Log(PROG).error))
    part = overview.everything() if every else overview.part(names, reverse=reverse)
    PRINT[form](part, overview, reverse)
    return 0


def print_tree(part: Part, overview: Overview, reverse: bool) -> None:
    """Print a tree per root, or for everything one per module that no other one needs."""
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
    """Print text for dot(1)."""
    click.echo(graph_formats.dot(part))


def print_svg(part: Part, overview: Overview, _: bool) -> None:
    """Print a picture."""
    click.echo(graph_formats.svg(part, overview.paths))


def print_json(part: Part, overview: Overview, reverse: bool) -> None:
    """Print one document."""
    output.as_json({"reverse": reverse, **graph_formats.document(part, overview.paths, overview.cycles)})


PRINT: Final = {"tree": print_tree, "dot": print_dot, "svg": print_svg, "json": print_json}
