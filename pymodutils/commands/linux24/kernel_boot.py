"""``pymodutils kernel boot --generation 2.4``: boot an emulated 2.4 kernel."""

from __future__ import annotations

import re

import click

from pymodutils.commands.generation_options import modules_at
from pymodutils.commands.getopt import Tool, raise_usage
from pymodutils.commands.linux24 import options
from pymodutils.kernel.emulated.boot import default_path
from pymodutils.kernel.state_path import writable
from pymodutils.linux24.kernel import boot
from pymodutils.linux24.kernel.kernel import Linux24

PROG = "kernel boot"
NUMBER = re.compile("-?[0-9]{1,9}")
EXAMPLES = [
    ("pymodutils kernel boot k24 --generation 2.4 --from ksyms", "from a copy of /proc/ksyms"),
    ("pymodutils kernel boot k24 --generation 2.4 --from System.map --release 2.4.27", "another release"),
]


def _returns(_ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]) -> dict[str, int]:
    found = {}
    for word in words:
        name, equals, number = word.partition("=")
        if not (name and equals and NUMBER.fullmatch(number)):
            raise_usage(PROG, f"'{word}' is not NAME=NUMBER")
        found[name] = int(number)
    return found


@click.command(cls=Tool, examples=EXAMPLES)
@click.argument("state", required=False, metavar="[STATE]")
@click.option("--from", "source", default="", metavar="FILE", help="Its symbols: /proc/ksyms or System.map.")
@click.option("--release", default="2.4.32", metavar="TEXT", help="The output of uname -r (2.4.32).")
@click.option("--version-text", default="#1", metavar="TEXT", help="The output of uname -v (#1).")
@click.option("--arch", default="", metavar="NAME", help="The machine (default: that of the first module).")
@modules_at("The lowest module address.")
@click.option(
    "--init-returns",
    "returns",
    multiple=True,
    callback=_returns,
    metavar="NAME=NUMBER",
    help="Return value of a module's init() (0).",
)
@options.generation
def command(
    state: str | None,
    source: str,
    release: str,
    version_text: str,
    arch: str,
    base: int,
    returns: dict[str, int],
) -> None:
    """Boot an emulated 2.4 kernel with its state in the file STATE, replacing an existing one.

    It exports the symbols in FILE and does not run module code.
    """
    if not source:
        raise_usage(PROG, "--from is missing: a copy of /proc/ksyms, or a System.map")
    if not release:
        raise_usage(PROG, "--release is empty: give the output of uname -r, such as 2.4.32")
    symbols, digits = boot.read(source)
    path = writable(state, default_path())
    config = boot.BootConfig(release, version_text, arch, base, returns)
    Linux24.boot(symbols, path, config, digits=digits)
    click.echo(f"{release} ({len(symbols):,} exports) in {path}")
