"""``pymodutils kernel map``: show the memory layout of modules."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from pymodutils import writer
from pymodutils.commands import memory, memory_svg, memory_text, options, output
from pymodutils.commands.getopt import Tool
from pymodutils.kernel.emulated.memory_map import ModuleSpace, of, space

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.commands.memory_text import Line
    from pymodutils.kernel.emulated.kernel import EmulatedKernel
    from pymodutils.kernel.emulated.memory_map import ModuleMemory

EXAMPLES = [
    ("pymodutils kernel map", "all modules, and the gaps between them"),
    ("pymodutils kernel map btrfs", "the sections of one"),
    ("pymodutils kernel map btrfs --format svg -o btrfs.svg", "as a picture"),
]


@click.command(cls=Tool, examples=EXAMPLES)
@click.argument("name", required=False, metavar="[NAME]")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "svg", "json"]),
    default="text",
    help="Output format (text).",
)
@click.option("-o", "--output", "target", metavar="FILE", help="Write to FILE, atomically.")
@options.emulated
def command(name: str | None, format_: str, target: str | None, kernel: EmulatedKernel) -> None:
    """Show the memory layout of the module NAME, or the whole module address range.

    Every byte is accounted for: sections, padding between them, and unused ends of pages.
    """
    found = kernel.look(space) if name is None else kernel.look(partial(of, name=name))
    if format_ == "text" and target is None:
        output.as_lines(lines(found, output.width()))
        return
    text = TEXT[format_](found)
    if target is None:
        click.echo(text)
    else:
        writer.save(target, f"{text}\n".encode("utf-8", "surrogateescape"))


def lines(found: ModuleMemory | ModuleSpace, width: int) -> Iterator[Line]:
    """``found`` for a terminal of ``width`` columns."""
    return (
        memory_text.space(found, width)
        if isinstance(found, ModuleSpace)
        else memory_text.module(found, width)
    )


def plain(found: ModuleMemory | ModuleSpace) -> str:
    """``found`` without colours."""
    return "\n".join("".join(text for text, _ in line) for line in lines(found, output.width()))


def picture(found: ModuleMemory | ModuleSpace) -> str:
    """``found`` as SVG."""
    return memory_svg.space(found) if isinstance(found, ModuleSpace) else memory_svg.module(found)


def document(found: ModuleMemory | ModuleSpace) -> str:
    """``found`` as described in docs/json.md."""
    return output.json_text(memory.whole(found) if isinstance(found, ModuleSpace) else memory.document(found))


TEXT = {"text": plain, "svg": picture, "json": document}
