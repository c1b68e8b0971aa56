"""``pymodutils cache``: list and clean cached kernels and descriptions."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING

import click

from pymodutils.checks import cache as descriptions
from pymodutils.commands import output
from pymodutils.commands.getopt import Tool
from pymodutils.machine import bases

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = [
    ("pymodutils cache", "list the cache"),
    ("pymodutils cache --limit 500", "keep recently used kernels, up to 500 MiB"),
    ("pymodutils cache --clean", "empty the cache"),
]
TITLES = ("what", "MiB", "last used", "details")


@click.command(cls=Tool, examples=EXAMPLES)
@click.option("--clean", is_flag=True, help="Remove everything.")
@click.option("--limit", type=int, metavar="MIB", help="Remove least recently used kernels.")
@click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Output format (text)."
)
def command(clean: bool, limit: int | None, format_: str) -> None:
    """List the cached booted kernels, and the kernel descriptions cached by check.

    Removed entries are regenerated on demand; state files based on a removed kernel become unusable.
    """
    if clean:
        shutil.rmtree(descriptions.folder(), ignore_errors=True)
    if clean or limit is not None:
        bases.prune(0 if clean else max(limit or 0, 0) << 20)
    found = bases.bases()
    if format_ == "json":
        size = _descriptions()
        output.as_json({"kernels": [it._asdict() for it in found], "descriptions": size})
    else:
        output.as_table(TITLES, _rows(found), numbers=("MiB",))


def _rows(found: list[bases.Base]) -> Iterator[tuple[str, str, str, str]]:
    for it in found:
        yield (
            "booted kernel",
            _mebibytes(it.size),
            time.strftime("%F %H:%M", time.localtime(it.used)),
            it.about,
        )
    if size := _descriptions():
        yield "descriptions", _mebibytes(size), "", "check"
    total = sum(it.size for it in found) + size
    yield "all", _mebibytes(total), "", f"limit of booted kernels: {bases.limit() >> 20} (${bases.VARIABLE})"


def _descriptions() -> int:
    """Their size in bytes."""
    try:
        return sum(entry.stat().st_blocks * 512 for entry in os.scandir(descriptions.folder()))
    except OSError:
        return 0


def _mebibytes(size: int) -> str:
    return f"{size / (1 << 20):.1f}"
