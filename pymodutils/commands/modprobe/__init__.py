"""modprobe: load or remove modules and their dependencies, or show what would be done."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final

import click

from pymodutils.commands import options
from pymodutils.commands.generation import Generations
from pymodutils.commands.getopt import Extra, raise_usage
from pymodutils.commands.modprobe.arguments import PROG, Arguments
from pymodutils.depends import words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EXAMPLES: Final = [
    ("modprobe e1000e debug=4", "load a module with a parameter, after its dependencies"),
    ("modprobe -r vfat", "remove it and its unused dependencies"),
    ("modprobe -D btrfs", "show the steps of loading it"),
    ("modprobe --explain fs-ext4", "show the steps with the configuration lines that led to them"),
    ("modprobe -R symbol:crc7_be", "show the modules that a name resolves to"),
    ("modprobe --sysroot /mnt -S 6.1.0-1-amd64 -c", "show the configuration of another tree"),
]
GROUPS: Final = {
    "Removing": ("-r", "-w", "--remove-holders"),
    "Querying": ("-n", "-D", "-R", "-c", "--show-modversions", "--show-exports"),
    "Overriding": ("-i", "-b", "--first-time", "-f", "--force-modversion", "--force-vermagic"),
    "Places": ("-C", "-d", "-S"),
    "Messages": ("-s", "-q", "-v"),
}
_INTEGER: Final = r"\s*([-+]?)(0[xX][0-9a-fA-F]+|[0-9]+)"


class ModprobeTool(Generations):
    """A tool that prepends the words of $MODPROBE_OPTIONS."""

    def call(self, prog: str, path: str, given: Sequence[str]) -> int:
        """As Tool.call."""
        return super().call(prog, path, [*words.split(os.environ.get(words.VARIABLE, "")), *given])


def _milliseconds(_ctx: click.Context, _param: click.Parameter, value: str | None) -> int:
    """An integer as parsed by strtol in base 0."""
    if value is None:
        return 0
    found = re.fullmatch(_INTEGER, value)
    digits = found[2] if found else ""
    octal = digits.startswith("0") and digits.isdigit()
    try:
        return int(digits, 8 if octal else 0) * (-1 if found and found[1] == "-" else 1)
    except ValueError:
        raise_usage(PROG, f"unexpected wait value '{value}'.")


def _flag(*names: str, help: str, cls: type[click.Option] = click.Option) -> Callable[[Any], Any]:  # noqa: A002
    return click.option(*names, is_flag=True, help=help, cls=cls)


@click.command(cls=ModprobeTool, examples=EXAMPLES, groups=GROUPS)
@click.argument("operands", nargs=-1, metavar="NAME [PARAMETER=VALUE]...")
@_flag("-a", "--all", "every", help="Treat every operand as a module name.")
@_flag("-r", "--remove", help="Remove modules and their unused dependencies.")
@_flag("--remove-dependencies", help="Deprecated: use --remove-holders.")
@_flag("--remove-holders", help="Remove modules, after those that use them.")
@click.option(
    "-w",
    "--wait",
    metavar="MSEC",
    callback=_milliseconds,
    help="With -r: retry for MSEC milliseconds if a module is in use.",
)
@_flag("-R", "--show-alias", cls=Extra, help="Print the modules that NAME resolves to.")
@_flag("--resolve-alias", help="Deprecated: use --show-alias.")
@_flag("--first-time", help="Fail if NAME is already loaded (-r: not loaded).")
@_flag(
    "-i",
    "--ignore-install",
    "--ignore-remove",
    "ignore",
    help="Ignore install and remove commands and soft dependencies of NAME.",
)
@_flag("-b", "--use-blacklist", help="Apply blacklists to NAME too, not only to aliases.")
@_flag("-f", "--force", help="Same as both of the following; with -r, remove modules in use. Dangerous.")
@_flag("--force-modversion", help="Ignore symbol version mismatches.")
@_flag("--force-vermagic", help="Ignore vermagic mismatches.")
@_flag("-D", "--show-depends", help="Print the steps as if nothing were loaded.")
@_flag("--showconfig", help="Deprecated: use --show-config.")
@_flag("-c", "--show-config", help="Print the configuration and the indexes.")
@_flag("--show-modversions", help="Print the symbols that a module imports, with CRCs.")
@_flag("--dump-modversions", help="Deprecated: use --show-modversions.")
@_flag("--show-exports", help="Print the symbols that a module exports, with CRCs.")
@_flag("-n", "--dry-run", help="Do nothing; with -v, print the steps.")
@_flag("--show", help="Deprecated: use --dry-run.")
@click.option(
    "-C",
    "--config",
    multiple=True,
    metavar="PATH",
    help="Read this file or directory, not modprobe.d (repeatable).",
)
@click.option("-d", "--dirname", metavar="DIR", default="", help="Use DIR/lib/modules.")
@click.option("-S", "--set-version", metavar="RELEASE", help="Use the modules of this kernel release.")
@options.syslog
@_flag("-q", "--quiet", help="Print no errors.")
@options.verbose
@_flag("--explain", cls=Extra, help="Print the steps and the reason for each, and do nothing.")
@options.compat(None, "Behave like this version of kmod, including its bugs.")
@options.output_format("json")
@options.machine
def command(**words_: Any) -> int:
    """Load the module NAME and its dependencies, remove modules, or query them."""
    from pymodutils.commands.modprobe.dispatch import run  # noqa: PLC0415 -- not needed for -h

    return run(Arguments(**words_))
