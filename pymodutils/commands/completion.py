"""``pymodutils completion``: print a shell's completion script."""

from __future__ import annotations

from pkgutil import get_data
from typing import Final

import click

from pymodutils.commands.getopt import Tool
from pymodutils.errors import NotFound

FILES: Final = {"bash": "bash/pymodutils", "zsh": "zsh/_pymodutils", "fish": "fish/pymodutils.fish"}
PLACES: Final = (("pymodutils", "completions"), ("pymodutils", "../completions"))  # installed, source tree
EXAMPLES: Final = [
    ("source <(pymodutils completion bash)", "in ~/.bashrc"),
    ("source <(pymodutils completion zsh)", "in ~/.zshrc, after compinit"),
    ("pymodutils completion fish | source", "in ~/.config/fish/config.fish"),
]


@click.command(cls=Tool, examples=EXAMPLES)
@click.argument("shell", type=click.Choice(list(FILES)), metavar="bash|zsh|fish")
def command(shell: str) -> None:
    """Print the completion script of a shell.

    To install it for all users, write it to /usr/share/bash-completion/completions/pymodutils,
    /usr/share/zsh/site-functions/_pymodutils or /usr/share/fish/vendor_completions.d/pymodutils.fish.
    """
    for package, folder in PLACES:
        try:
            text = get_data(package, f"{folder}/{FILES[shell]}")
        except OSError:
            continue
        click.echo((text or b"").decode(), nl=False)
        return
    raise NotFound(shell, f"{FILES[shell]}: not installed: reinstall pymodutils")
