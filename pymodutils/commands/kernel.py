"""``pymodutils kernel COMMAND``: describe kernels and run emulated ones."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from pymodutils.commands.getopt import Tool, raise_usage
from pymodutils.names import suggestion

if TYPE_CHECKING:
    from collections.abc import Sequence

    import click

COMMANDS: Final = {  # word -> (module below pymodutils.commands, purpose)
    "describe": ("kernel_describe", "describe the kernel in an image, package or directory"),
    "boot": ("kernel_boot", "boot an emulated kernel"),
    "dmesg": ("kernel_dmesg", "print the kernel log"),
    "cat": ("kernel_cat", "print files of /proc and /sys"),
    "ls": ("kernel_ls", "list a directory of /proc or /sys"),
    "write": ("kernel_write", "write to a file of /proc or /sys"),
    "export": ("kernel_export", "copy /proc and /sys to a directory"),
    "map": ("kernel_map", "show the memory layout of modules"),
    "dump": ("kernel_dump", "show the contents of a section in memory"),
    "get": ("kernel_get", "take a reference to a module"),
    "put": ("kernel_put", "drop a reference to a module"),
    "behave": ("kernel_behave", "set the result and duration of init() and exit()"),
    "taint": ("kernel_taint", "print the taint flags"),
}
EXAMPLES: Final = [
    ("pymodutils kernel describe /boot/vmlinuz-6.1", "describe a kernel image"),
    ("pymodutils kernel boot --from /boot/vmlinuz-6.1", "boot an emulation of it"),
    ("pymodutils kernel describe -h", "show the options of a command"),
]


class LazyGroup(Tool):
    """A group of commands, each imported on demand."""

    def call(self, prog: str, path: str, words: Sequence[str]) -> int:
        """Run the command named by the first of ``words`` and return its exit status."""
        first = words[0] if words else ""
        if first in COMMANDS:
            chosen = tool(first).chosen(f"{prog} {first}", words[1:])
            return chosen.call(f"{prog} {first}", f"{path} {first}", words[1:])
        if first.startswith("-"):
            return super().call(prog, path, words)
        known = f"known: {', '.join(COMMANDS)}"
        if not first:
            raise_usage(prog, f"missing command; {known}")
        raise_usage(prog, f"unknown command '{first}'{suggestion(first, COMMANDS) or f'; {known}'}")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, then the options."""
        with formatter.section("Commands"):
            formatter.write_dl([(word, what) for word, (_, what) in COMMANDS.items()])
        super().format_options(ctx, formatter)


def tool(word: str) -> Tool:
    """The command named ``word``; raises KeyError."""
    found: Tool = import_module(f"pymodutils.commands.{COMMANDS[word][0]}").command
    return found


command: Final = LazyGroup(
    "kernel",
    help="Describe kernels and run emulated ones.",
    options_metavar="COMMAND [OPTIONS]",
    examples=EXAMPLES,
)
