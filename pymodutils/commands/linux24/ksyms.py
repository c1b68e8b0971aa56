"""ksyms of modutils: the symbols that a 2.4 kernel exports, with the modules that define them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pymodutils.commands.linux24 import options
from pymodutils.linux24.insmod import calls
from pymodutils.linux24.kernel.ksyms import TITLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.linux24.kernel.kernel import Linux24

NAME = 32  # columns of a symbol's name
KIB = 1024
EXAMPLES = [
    ("pymodutils ksyms --backend emulated:k24", "what modules export"),
    ("pymodutils ksyms --backend emulated:k24 -a -m", "what the kernel does, too, and where modules are"),
]


@click.command("ksyms", cls=options.ModutilsTool, examples=EXAMPLES)
@click.option("-a", "--all", "every", is_flag=True, help="Print the symbols of the kernel, too.")
@click.option("-m", "--info", is_flag=True, help="Print the address and size of each module.")
@click.option("-H", "--noheader", is_flag=True, help="Print no column titles (-h of ksyms).")
@options.kernel
def command(every: bool, info: bool, noheader: bool, kernel: Linux24) -> None:
    """Print the symbols that modules export."""
    for line in _lines(kernel, every=every, info=info, header=not noheader):
        click.echo(line)


def _lines(kernel: Linux24, *, every: bool, info: bool, header: bool) -> Iterator[str]:
    digits = kernel.abi.bits // 4
    if header:
        address, symbol, owner = TITLES
        yield f"{address:<{digits}}  {symbol:<{NAME}}  {owner}"
    for module in calls.modules(kernel):
        if info:
            size = f"({-(-module.size // KIB)}k)"
            yield f"{module.address:0{digits}x}  {size:<{NAME}}  [{module.name}]"
        for value, name in module.symbols:
            yield f"{value:0{digits}x}  {name:<{NAME}}  [{module.name}]"
    for value, name in calls.symbols(kernel) if every else ():
        yield f"{value:0{digits}x}  {name:<{NAME}}"
