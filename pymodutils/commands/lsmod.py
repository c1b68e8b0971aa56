"""lsmod: list loaded modules."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import click

from pymodutils.commands import options, output
from pymodutils.commands.generation import Generations
from pymodutils.errors import ModutilsError
from pymodutils.kernel import choose, refusals
from pymodutils.log import ERROR, Log

if TYPE_CHECKING:
    from pymodutils.kernel.base import Loaded
    from pymodutils.root import Root

EXAMPLES = [
    ("lsmod", "loaded modules, newest first"),
    ("lsmod --format json", "the same as JSON"),
]


@click.command(cls=Generations, examples=EXAMPLES)
@click.argument("words", nargs=-1, metavar="")
@options.syslog
@options.verbose
@options.output_format("json", "table")
@options.machine
def command(words: tuple[str, ...], syslog: bool, verbose: int, format_: str, root: Root) -> int:
    """List loaded modules: name, size in bytes, reference count and holders."""
    log = Log("lsmod", ERROR + verbose, syslog=syslog)
    if words:
        log.error("too many arguments provided.")
        return 1
    try:
        modules = choose.kernel(root).loaded()
    except ModutilsError as error:
        log.error(str(error))
        log.error(f"could not get list of modules: {os.strerror(error.errno)}")
        if error.errno == errno.ENOENT and os.path.exists(root.path("/proc/version")):
            log.error(refusals.NO_MODULES)
        return 1
    PRINT[format_](modules)
    return 0


def print_text(modules: list[Loaded]) -> None:
    """Print kmod's columns."""
    lines = ["Module                  Size  Used by", *map(_row, modules)]
    click.echo("\n".join(lines))


def print_table(modules: list[Loaded]) -> None:
    """Print a table that also has states and taints."""
    rows = [
        (it.name, f"{it.size:,}", _count(it), ", ".join(it.holders), _state(it), it.taints) for it in modules
    ]
    output.as_table(("Module", "Size", "Uses", "Used by", "State", "Taints"), rows, ("Size", "Uses"))


def print_json(modules: list[Loaded]) -> None:
    """Print the document described in docs/json.md."""
    fields = ("name", "size", "users", "holders", "state", "address", "taints", "assumed")
    output.as_json(
        {"modules": [dict(zip(fields, (*it[:4], it.state.value, *it[5:]), strict=True)) for it in modules]}
    )


PRINT = {"text": print_text, "table": print_table, "json": print_json}


def _row(module: Loaded) -> str:
    row = f"{module.name:<19} {module.size:>8}  {_count(module)}"
    return f"{row} {','.join(module.holders)}" if module.holders else row


def _state(module: Loaded) -> str:
    return f"{module.state.value} (assumed)" if module.assumed else module.state.value


def _count(module: Loaded) -> str:
    """The reference count; "-" as in /proc/modules if the kernel keeps none."""
    return "-" if module.users is None else str(module.users)
