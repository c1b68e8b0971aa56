"""``pymodutils kernel COMMAND``: what is about a kernel as a whole."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from pymodutils.commands.getopt import Tool, raise_usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    import click

COMMANDS: Final = {  # word -> (module below pymodutils.commands, what it is for)
    "describe": ("kernel_describe", "say which kernel an image, package or directory holds"),
    "boot": ("kernel_boot", "make an emulated kernel"),
    "dmesg": ("kernel_dmesg", "show its log"),
    "cat": ("kernel_cat", "print a file of its /proc or /sys"),
    "ls": ("kernel_ls", "list a folder there"),
    "write": ("kernel_write", "write to a file there"),
    "export": ("kernel_export", "write all of /proc and /sys into a directory"),
    "map": ("kernel_map", "draw the memory of modules"),
    "dump": ("kernel_dump", "show the bytes of a section in memory"),
    "get": ("kernel_get", "take a use count of a module"),
    "put": ("kernel_put", "drop it again"),
    "behave": ("kernel_behave", "say what init() and exit() of a module do"),
    "taint": ("kernel_taint", "show what taints it"),
}
EXAMPLES: Final = [
    ("pymodutils kernel describe /boot/vmlinuz-6.1", "which kernel it is"),
    ("pymodutils kernel boot --from /boot/vmlinuz-6.1", "an emulated kernel like it"),
    ("pymodutils kernel describe -h", "more about one command"),
]


class Group(Tool):
    """The commands below one word; only the one that is asked for is imported."""

    def call(self, prog: str, path: str, words: Sequence[str]) -> int:
        """The exit status of the command that the first of ``words`` names."""
        first = words[0] if words else ""
        if first in COMMANDS:
            return tool(first).call(f"{prog} {first}", f"{path} {first}", words[1:])
        if first.startswith("-"):
            return super().call(prog, path, words)
        known = f"known: {', '.join(COMMANDS)}"
        raise_usage(prog, f"invalid command {first!r}; {known}" if first else f"missing command; {known}")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, then the options."""
        with formatter.section("Commands"):
            formatter.write_dl([(word, what) for word, (_, what) in COMMANDS.items()])
        super().format_options(ctx, formatter)


def tool(word: str) -> Tool:
    """The command that ``word`` names; raises KeyError."""
    found: Tool = import_module(f"pymodutils.commands.{COMMANDS[word][0]}").command
    return found


command: Final = Group(
    "kernel",
    help="What is about a kernel as a whole.",
    options_metavar="COMMAND [OPTIONS]",
    examples=EXAMPLES,
)
