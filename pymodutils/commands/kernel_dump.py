"""``pymodutils kernel dump``: a section of a module as it is in an emulated kernel's memory."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Final

import click

from pymodutils import writer
from pymodutils.commands import options
from pymodutils.commands.generation import Generations
from pymodutils.kernel.emulated.memory_map import content

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.kernel.emulated.kernel import EmulatedKernel

ROW: Final = 16  # bytes of a line
EXAMPLES = [
    ("pymodutils kernel dump fat .rodata", "with addresses, as hexdump -C shows it"),
    ("pymodutils kernel dump fat .text --format raw -o fat.bin", "for a disassembler"),
]


@click.command(cls=Generations, examples=EXAMPLES)
@click.argument("name", metavar="NAME")
@click.argument("section", metavar="SECTION")
@click.option(
    "--format",
    "form",
    type=click.Choice(["hex", "raw"]),
    default="hex",
    help="Output format: hex dump (default) or raw bytes.",
)
@click.option("-o", "--output", "target", metavar="FILE", help="Write to FILE, atomically.")
@options.emulated
def command(name: str, section: str, form: str, target: str | None, kernel: EmulatedKernel) -> None:
    """Show what is now in the SECTION of the module NAME: linked, patched, and changed by parameters."""
    address, found = kernel.look(partial(content, name=name, section=section))
    digits = kernel.rules.arch.bits // 4
    data = found if form == "raw" else "".join(f"{line}\n" for line in lines(found, address, digits)).encode()
    if target is None:
        sys.stdout.buffer.write(data)
    else:
        writer.save(target, data)


def lines(data: bytes, address: int, digits: int) -> Iterator[str]:
    """``data`` in the lines of hexdump -C; an asterisk stands for lines that repeat the one before."""
    before, starred = b"", False
    for at in range(0, len(data), ROW):
        row = data[at : at + ROW]
        if row == before:
            if not starred:
                yield "*"
            starred = True
            continue
        before, starred = row, False
        halves = f"{row[:8].hex(' '):<23}  {row[8:].hex(' '):<23}"
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)  # noqa: PLR2004 -- ASCII
        yield f"{address + at:0{digits}x}  {halves}  |{text}|"
    if data:
        yield f"{address + len(data):0{digits}x}"
