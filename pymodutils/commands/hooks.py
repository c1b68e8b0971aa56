"""``pymodutils hooks``: run a preflight whenever a kernel is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from pymodutils.commands import options
from pymodutils.commands.getopt import Tool, raise_usage
from pymodutils.preflight import hooks

if TYPE_CHECKING:
    from pymodutils.root import Root

PROG: Final = "hooks"
EXAMPLES: Final = [
    ("pymodutils hooks install", "install them for every package manager found"),
    ("pymodutils hooks install debian apt", "install only these"),
    ("pymodutils hooks remove", "remove all of them"),
]
WORDS: Final = ("install", "remove", "run")


@click.command(cls=Tool, examples=EXAMPLES)
@click.argument("word", type=click.Choice(WORDS))
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option("--changed", is_flag=True, help="With run: only kernels installed since the last run.")
@options.sysroot
def command(word: str, names: tuple[str, ...], changed: bool, root: Root) -> int:
    """Install or remove hooks that warn when a new kernel would break something; run is called by the hooks.

    A NAME is debian, kernel-install, apt or dkms with install, a kernel release with run.
    """
    if word == "run":
        from pymodutils.preflight import hook_run  # noqa: PLC0415 -- only for run

        return hook_run.run(names, root, changed=changed)
    unknown = [name for name in names if name not in hooks.HOOKS or word == "remove"]
    if unknown:
        raise_usage(
            PROG, f"{unknown[0]}: unknown hook; known are {', '.join(hooks.HOOKS)}, and remove takes no name"
        )
    done = hooks.install(names, root) if word == "install" else hooks.remove(root)
    for place in done:
        click.echo(f"{'wrote' if word == 'install' else 'removed'} {root.path(place)}")
    return 0
