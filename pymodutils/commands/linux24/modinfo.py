"""modinfo for modules of 2.4."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from pymodutils.commands.getopt import Extra
from pymodutils.commands.linux24 import options
from pymodutils.elf import compress
from pymodutils.errors import ModutilsError
from pymodutils.kernel.choose import VARIABLE
from pymodutils.linux24.insmod import describe
from pymodutils.linux24.insmod.insmod import configured, searched
from pymodutils.linux24.insmod.report import RunMessages
from pymodutils.linux24.kernel.kernel import Linux24
from pymodutils.linux24.obj import load

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = [
    ("modinfo --generation 2.4 ./3c59x.o", "all metadata of a module"),
    ("modinfo --backend emulated:k24 -l 3c59x", "the licence of a module found by modules.conf"),
]


def _only(letter: str, word: str, field: str) -> Callable[[Any], Any]:
    return click.option(f"-{letter}", f"--{word}", "field", flag_value=field, help=f"Print only the {word}.")


@click.command("modinfo", cls=options.ModutilsTool, examples=EXAMPLES)
@click.argument("words", nargs=-1, required=True, metavar="MODULE...")
@_only("a", "author", "author")
@_only("d", "description", "description")
@_only("l", "license", "license")
@_only("n", "filename", "filename")
@click.option("-p", "--parameters", is_flag=True, help="Print only the parameters.")
@click.option(
    "--backend",
    cls=Extra,
    default="",
    metavar="KERNEL",
    help=f"The emulated kernel: emulated (default) or emulated:FILE (also: ${VARIABLE}).",
)
@options.generation
def command(words: tuple[str, ...], field: str | None, parameters: bool, backend: str) -> int:
    """Show the metadata of modules of 2.4."""
    report = RunMessages("modinfo")
    for word in words:
        try:
            named = "/" not in word and "." not in word
            state = options.state_file(backend or os.environ.get(VARIABLE, ""))
            path = word
            if named:
                path = searched(configured(Linux24.open(state), report, root=False), word)
            data = compress.read(path)
            module = load.load(data, path, report.error)
        except ModutilsError as error:
            report.error(str(error))
            continue
        if field:
            click.echo(describe.field(module, field))
        elif not parameters:
            for name in describe.FIELDS:
                click.echo(f"{name + ':':12} {describe.field(module, name)}")
        for line in () if field else describe.parameters(module):
            click.echo(line)
    return int(report.errors > 0)
