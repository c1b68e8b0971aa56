"""``pymodutils kernel dump``: show a section of a module in an emulated kernel's memory."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Final

import click

from pymodutils import writer
from pymodutils.commands import options
from pymodutils.commands.generation import Generations
from pymodutils.elf import compress
from pymodutils.errors import ModutilsError
from pymodutils.kernel.emulated.memory_map import content

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.kernel.emulated.kernel import EmulatedKernel

ROW: Final = 16  # bytes per line
WIDTH: Final = 71  # columns of a full line after the address
EXAMPLES = [
    ("pymodutils kernel dump fat .rodata", "with addresses, as in hexdump -C"),
    ("pymodutils kernel dump fat .text --source fat.ko", "with function and line next to the bytes"),
    ("pymodutils kernel dump fat .text --format raw -o fat.bin", "for a disassembler"),
]


@click.command(cls=Generations, examples=EXAMPLES)
@click.argument("name", metavar="NAME")
@click.argument("section", metavar="SECTION")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["hex", "raw"]),
    default="hex",
    help="Output format: hex dump (default) or raw bytes.",
)
@click.option(
    "--source",
    metavar="FILE",
    help="Show functions and source lines too, from the debug information of the module FILE.",
)
@click.option("-o", "--output", "target", metavar="FILE", help="Write to FILE, atomically.")
@options.emulated
def command(
    name: str, section: str, format_: str, source: str | None, target: str | None, kernel: EmulatedKernel
) -> None:
    """Show the current contents of SECTION of the module NAME: relocated, and with parameters set."""
    address, found = kernel.look(partial(content, name=name, section=section))
    digits = kernel.rules.arch.bits // 4
    rows = sourced(found, address, digits, source, name, section) if source else lines(found, address, digits)
    data = (
        found if format_ == "raw" else "".join(f"{row}\n" for row in rows).encode("utf-8", "surrogateescape")
    )
    if target is None:
        sys.stdout.buffer.write(data)
    else:
        writer.save(target, data)


def sourced(data: bytes, address: int, digits: int, file: str, name: str, section: str) -> Iterator[str]:
    """``data`` with each source line starting a new row, labelled with function and line.

    Raises ModutilsError unless the module ``file`` has this ``section`` with the same size.
    """
    from pymodutils.dwarf.debug_info import DebugInfo  # noqa: PLC0415 -- it takes pyelftools
    from pymodutils.elf import scan  # noqa: PLC0415 -- as that

    plain = compress.read(file)
    elf = scan.Elf(plain, file)
    size = next((it.sh_size for it in elf.sections if it.name == section), None)
    if size != len(data):
        has = f"{size} bytes" if size is not None else "nothing"
        raise ModutilsError(
            file, f"{file} has {has} of {section}, {name} {len(data)}: not the module that was loaded"
        )
    parts = DebugInfo(plain).rows(section, size)
    for (start, label), (end, _) in zip(parts, [*parts[1:], (len(data), "")], strict=True):
        for at in range(start, end, ROW):
            row = _row(data[at : min(at + ROW, end)], address + at, digits)
            yield f"{row:<{digits + WIDTH}}  {label}" if label and at == start else row
    yield f"{address + len(data):0{digits}x}"


def lines(data: bytes, address: int, digits: int) -> Iterator[str]:
    """``data`` as lines of hexdump -C; an asterisk stands for repeated lines."""
    before, starred = b"", False
    for at in range(0, len(data), ROW):
        row = data[at : at + ROW]
        if row == before:
            if not starred:
                yield "*"
            starred = True
            continue
        before, starred = row, False
        yield _row(row, address + at, digits)
    if data:
        yield f"{address + len(data):0{digits}x}"


def _row(row: bytes, address: int, digits: int) -> str:
    halves = f"{row[:8].hex(' '):<23}  {row[8:].hex(' '):<23}"
    text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)  # noqa: PLR2004 -- ASCII
    return f"{address:0{digits}x}  {halves}  |{text}|"
