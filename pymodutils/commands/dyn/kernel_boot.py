"""``pymodutils kernel boot --generation 2.5-dyn``: boot such a kernel."""

from __future__ import annotations

import click

from pymodutils.commands.dyn import options
from pymodutils.commands.generation_options import modules_at
from pymodutils.commands.getopt import Tool, raise_usage
from pymodutils.dyn.kernel import Kernel25
from pymodutils.kernel.emulated.boot import default_path
from pymodutils.kernel.state_path import writable
from pymodutils.linux24.kernel import boot

PROG = "kernel boot"
EXAMPLES = [
    (
        "pymodutils kernel boot k25 --generation 2.5-dyn --from System.map",
        "a kernel that exports these symbols",
    )
]


@click.command(cls=Tool, examples=EXAMPLES)
@click.argument("state", required=False, metavar="[STATE]")
@click.option("--from", "source", default="", metavar="FILE", help="Its symbols: /proc/ksyms or System.map.")
@click.option("--release", default="2.5.49", metavar="TEXT", help="The release (2.5.49).")
@modules_at("The address of the first module.")
@options.generation
def command(state: str | None, source: str, release: str, base: int) -> None:
    """Boot an emulated kernel that loads shared objects as modules, with its state in the file STATE."""
    if not source:
        raise_usage(PROG, "--from is missing: a copy of /proc/ksyms, or a System.map")
    symbols, _ = boot.read(source)
    path = writable(state, default_path())
    Kernel25.boot(path, symbols, release, base)
    click.echo(f"{release} ({len(symbols):,} exports) in {path}")
