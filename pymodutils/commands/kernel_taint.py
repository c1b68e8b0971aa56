"""``pymodutils kernel taint``: show the taint flags of an emulated kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pymodutils.commands import options, output
from pymodutils.commands.getopt import Tool
from pymodutils.kernel.emulated.state.taints import LETTERS, MEANINGS

if TYPE_CHECKING:
    from pymodutils.kernel.booted.kernel import BootedKernel
    from pymodutils.kernel.emulated.kernel import EmulatedKernel

EXAMPLES = [("pymodutils kernel taint", "each flag with its meaning")]


@click.command(cls=Tool, examples=EXAMPLES)
@click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Output format (text)."
)
@options.running
def command(format_: str, kernel: EmulatedKernel | BootedKernel) -> None:
    """Show the value of /proc/sys/kernel/tainted and the meaning of its bits."""
    value = int(kernel.read("/proc/sys/kernel/tainted"))
    bits = [bit for bit in range(len(LETTERS)) if value >> bit & 1]
    if format_ == "json":
        marks = [{"bit": bit, "letter": LETTERS[bit], "meaning": MEANINGS[bit]} for bit in bits]
        output.as_json({"tainted": value, "marks": marks})
        return
    click.echo(value or "0: not tainted")
    for bit in bits:
        click.echo(f"  {LETTERS[bit]}  {MEANINGS[bit]}")
