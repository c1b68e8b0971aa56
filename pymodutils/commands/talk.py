"""``pymodutils talk``: run the talk "Modules in 2.6"."""

from __future__ import annotations

import sys
import textwrap
from functools import partial
from typing import TYPE_CHECKING, Final

import click

from pymodutils.arch.sparc import SPARC64
from pymodutils.commands import output
from pymodutils.commands.getopt import Tool
from pymodutils.commands.kernel_map import lines as drawn
from pymodutils.kernel.emulated.memory_map import of
from pymodutils.talk import lines, ways
from pymodutils.talk.keep import keep as kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pymodutils.kernel.emulated.kernel import EmulatedKernel
    from pymodutils.talk.ways import Way

EXAMPLES = [
    ("pymodutils talk", "the whole talk"),
    ("pymodutils talk --pause", "the same, waiting for Enter after each part"),
    ("pymodutils talk --keep talk", "write the files that docs/talk.md uses"),
]
FOUR_GIB: Final = 1 << 32
WIDEST: Final = 100  # columns of a paragraph
HEADS: Final = ("calls", "handed over", "relocations", "in memory", "pages", "wasted")
COLUMNS: Final = "{:15}{:>7}{:>13}{:>13}{:>11}{:>8}{:>8}"
FULL: Final = 75  # columns of that
PLACES: Final = ("user space", "kernel", "here")
LINES: Final = "{:15}{:>7}   {:34}{}"
WAYS: Final = ("old way", "new way", "shared object")


class Told:
    """The results so far."""

    def __init__(self) -> None:
        self.ways: dict[str, Way] = {}


def _source(_told: Told) -> Iterator[str]:
    yield from _prose("One module, hello.c, compiled for 2.4, for 2.6, and as a shared object:")
    yield ""
    text = ways.module("hello.c").decode()
    for line in text[text.index("int START") : text.index("#ifdef OLD")].rstrip().splitlines():
        yield f"    {line.expandtabs(4)}" if line else ""


def _old(told: Told) -> Iterator[str]:
    found, calls = ways.old_way()
    told.ways["old way"] = found
    yield from _prose(
        "Until 2.4, insmod linked. It asked the kernel for all symbols, laid out the module, allocated "
        "memory, relocated the module to that address, and passed the finished image to the kernel:"
    )
    yield ""
    yield from (f"    {call}" for call in calls)
    yield ""
    yield from _prose(
        f"The kernel got {found.handed:,} bytes, checked every pointer in struct module, and called init(). "
        "A new member of struct module required a new insmod and a new kernel that supported both layouts."
    )


def _new(told: Told) -> Iterator[str]:
    found, kernel = ways.new_way()
    told.ways["new way"] = found
    yield "Since 2.6, the kernel links:"
    yield ""
    yield f'    init_module(hello.ko, {found.handed}, "") = 0'
    yield ""
    yield from _prose(
        f"It applied {found.relocations} relocations. insmod only needs open, fstat, mmap and this call."
    )
    yield ""
    yield from _map(kernel)


def _shared(told: Told) -> Iterator[str]:
    found, shown = ways.shared_way()
    told.ways["shared object"] = found
    yield from _prose(
        "Richard Henderson proposed shared objects as modules. The linker has already laid them out, "
        f"and the kernel applies {found.relocations} relocations to {found.handed:,} bytes:"
    )
    yield ""
    yield f'    init_module("hello", hello.klm, {found.handed}, "") = 0'
    yield from (f"    {line}" for line in shown)


def _numbers(told: Told) -> Iterator[str]:
    narrow = output.width() < FULL
    rows = [(name, *(f"{it:,}" for it in (*told.ways[name], told.ways[name].wasted))) for name in WAYS]
    for row in rows if narrow else (("", *HEADS), *rows):
        yield from _row(COLUMNS, HEADS, row, narrow=narrow)
    yield ""
    yield from _prose("Lines of code in user space and kernel, according to the talk, and of Python here:")
    yield ""
    for name in WAYS:
        mine = " + ".join(f"{count:,}" for count in lines.ours(name))
        yield from _row(LINES, PLACES, (name, *lines.TALK[name], mine), narrow=narrow)


def _row(layout: str, heads: Sequence[str], cells: Sequence[str], *, narrow: bool) -> Iterator[str]:
    """``cells`` in the columns of ``layout``; if ``narrow``, below each other after ``heads``."""
    if narrow:
        yield cells[0]
        wrap = textwrap.TextWrapper(output.width(), initial_indent=" " * 4, subsequent_indent=" " * 16)
        for head, cell in zip(heads, cells[1:], strict=True):
            yield from wrap.wrap(f"{head:12}{cell}")
    else:
        yield layout.format(*cells).rstrip()


def _sparc(_told: Told) -> Iterator[str]:
    found, kernel = ways.new_way(SPARC64, ways.SPARC)
    page = SPARC64.page_size or ways.PAGE
    memory = kernel.look(partial(of, name=ways.NAME))
    base = memory.areas[0].base
    part = next(part for area in memory.areas for part in area.parts if part.name.endswith("this_module"))
    yield from _prose(
        "On sparc64, modules are in the low 4 GiB, so that HI22 and LO10 reach them. struct module was in "
        "kmalloc memory, which is elsewhere; in the low range it took a page of its own (Dave Miller). "
        "Henderson's trick puts it into the module itself and saves the page:"
    )
    yield ""
    yield from _map(kernel)
    yield ""
    where = "below" if base + found.memory <= FOUR_GIB else "above"
    wasted = page - part.size
    yield from _prose(
        f"The module is at {base:#x}, {where} 4 GiB. Its struct module of {part.size} bytes is where D "
        f"stands at {part.offset:#x}; alone it would take {page:,} bytes, {wasted:,} of them wasted."
    )


def _prose(text: str) -> list[str]:
    """``text`` in lines for the terminal."""
    return textwrap.wrap(text, min(output.width(), WIDEST), break_on_hyphens=False)


def _map(kernel: EmulatedKernel) -> Iterator[str]:
    for line in drawn(kernel.look(partial(of, name=ways.NAME)), output.width()):
        yield "".join(text for text, _ in line)


CHAPTERS: Final[tuple[tuple[str, Callable[[Told], Iterator[str]]], ...]] = (
    ("The module", _source),
    ("The old way", _old),
    ("The new way", _new),
    ("The road not taken", _shared),
    ("In numbers", _numbers),
    ("Dave Miller gets his page back", _sparc),
)


@click.command(cls=Tool, examples=EXAMPLES)
@click.option("--pause", is_flag=True, help="Wait for Enter after each part.")
@click.option("--keep", metavar="DIR", help="Only write the modules and kernels to DIR, for docs/talk.md.")
def command(pause: bool, keep: str | None) -> None:
    """Run the talk "Modules in 2.6": one module, loaded as in 2.4, as in 2.6, and as a shared object.

    The running kernel is not touched.
    """
    if keep is not None:
        click.echo(f"{keep}: {' '.join(kept(keep))}")
        return
    told = Told()
    for at, (title, chapter) in enumerate(CHAPTERS):
        if at and pause:
            sys.stdout.flush()
            click.pause("")
        click.echo(f"{title}\n{'=' * len(title)}\n")
        for line in chapter(told):
            click.echo(line)
        click.echo()
    click.echo("Each statement and its command: docs/talk.md")
