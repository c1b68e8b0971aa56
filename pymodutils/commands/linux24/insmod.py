"""insmod for a 2.4 kernel: link a module like modutils and load it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pymodutils.commands.linux24 import options
from pymodutils.linux24.insmod.insmod import insmod
from pymodutils.linux24.insmod.options import InsmodOptions
from pymodutils.linux24.insmod.report import RunMessages

if TYPE_CHECKING:
    from pymodutils.linux24.kernel.kernel import Linux24

EXAMPLES = [
    ("insmod --backend emulated:k24 ./3c59x.o debug=7", "link and load a module, with a parameter"),
    ("insmod --backend emulated:k24 -m ./3c59x.o", "the same, and print a map"),
    ("insmod --backend emulated:k24 -n -O x.img x.o", "only link, and save the image"),
]


@click.command("insmod", cls=options.ModutilsTool, examples=EXAMPLES)
@click.argument("words", nargs=-1, metavar="FILE [SYMBOL=VALUE]...")
@click.option("-f", "--force", is_flag=True, help="Load it even if built for another kernel version.")
@click.option("-k", "--autoclean", is_flag=True, help="Let rmmod -a remove the module once it is unused.")
@click.option("-L", "--lock", is_flag=True, help="Prevent concurrent loads of the module (default).")
@click.option("-m", "--map", "load_map", is_flag=True, help="Print a map of sections and symbols.")
@click.option("-n", "--noload", is_flag=True, help="Link the module, but do not load it.")
@click.option("-p", "--probe", is_flag=True, help="Only check whether it matches the kernel.")
@click.option("-q", "--quiet", is_flag=True, help="Do not print unresolved symbols.")
@click.option("-r", "--root", is_flag=True, help="Allow modules that are not owned by root.")
@click.option("-s", "--syslog", is_flag=True, help="Send messages to syslog.")
@click.option("-S", "--kallsyms", is_flag=True, help="Add all symbols for a kernel debugger.")
@click.option("-v", "--verbose", is_flag=True, help="Print more.")
@click.option(
    "-x", "--noexport", "export", flag_value=False, default=True, help="Do not export global symbols."
)
@click.option("-X", "--export", "export", flag_value=True, help="Export global symbols (default).")
@click.option(
    "-y", "--noksymoops", "ksymoops", flag_value=False, default=True, help="Do not add symbols for ksymoops."
)
@click.option("-Y", "--ksymoops", "ksymoops", flag_value=True, help="Add symbols for ksymoops (default).")
@click.option(
    "-e", "--persist", metavar="FILE", help='The file of persistent parameters; "" for one below persistdir.'
)
@click.option("-o", "--name", default="", metavar="NAME", help="The name of the module.")
@click.option("-O", "--blob", default="", metavar="FILE", help="Write the linked image to FILE.")
@click.option("-P", "--prefix", metavar="PREFIX", help="The prefix of checksums in names, such as smp_.")
@options.kernel
def command(words: tuple[str, ...], kernel: Linux24, **given: Any) -> int:
    """Link the module in FILE with the symbols of a 2.4 kernel and its modules, and load it."""
    report = RunMessages("insmod", verbose=given.pop("verbose"), syslog=given.pop("syslog"))
    given.pop("lock")
    if not words:
        report.error("missing filename.")
        return 1
    return insmod(kernel, words[0], words[1:], InsmodOptions(**given), report)
