"""depmod for a 2.4 kernel: modules.dep and the text maps."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from pymodutils.commands.linux24 import options
from pymodutils.errors import ModutilsError
from pymodutils.linux24.conf import config as conf
from pymodutils.linux24.conf import search
from pymodutils.linux24.depmod import depmod
from pymodutils.linux24.insmod import calls
from pymodutils.linux24.insmod.report import RunMessages
from pymodutils.regular import opener

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymodutils.linux24.kernel.kernel import Linux24

EXAMPLES = [
    ("depmod --backend emulated:k24 -b image", "write the files for the modules below image/lib/modules"),
    (
        "depmod --backend emulated:k24 -n -e ./3c59x.o",
        "show the dependencies and unresolved symbols of a module",
    ),
    ("depmod --backend emulated:k24 -F System.map -b image 2.4.20", "for another kernel"),
]


@click.command("depmod", cls=options.ModutilsTool, examples=EXAMPLES)
@click.argument("words", nargs=-1, metavar="[VERSION] | FILE...")
@click.option("-a", "--all", "everything", is_flag=True, help="Scan all modules (default without files).")
@click.option("-A", "--quick", is_flag=True, help="The same, but only if a module is newer than modules.dep.")
@click.option("-b", "--basedir", "base", default="", metavar="DIR", help="The root of the module tree.")
@options.config
@click.option("-e", "--errsyms", is_flag=True, help="Report unresolved symbols.")
@click.option(
    "-F",
    "--filesyms",
    default="",
    metavar="FILE",
    help="The kernel's symbols: a System.map or a copy of ksyms.",
)
@click.option("-n", "--show", is_flag=True, help="Print the files instead of writing them.")
@click.option("-q", "--quiet", is_flag=True, help="Do not report unresolved symbols.")
@click.option("-r", "--root", is_flag=True, help="Allow modules that are not owned by root.")
@click.option("-s", "--syslog", is_flag=True, help="Send messages to syslog.")
@click.option("-u", "--unresolved-error", "strict", is_flag=True, help="Fail if a symbol is unresolved.")
@click.option("-v", "--verbose", is_flag=True, help="Print the modules.")
@options.kernel
def command(
    words: tuple[str, ...],
    kernel: Linux24,
    base: str,
    path: str,
    filesyms: str,
    everything: bool,
    quick: bool,
    errsyms: bool,
    show: bool,
    quiet: bool,
    root: bool,
    syslog: bool,
    strict: bool,
    verbose: bool,
) -> int:
    """Write modules.dep and the device maps for the modules of a 2.4 kernel."""
    report = RunMessages("depmod", verbose=verbose, syslog=syslog)
    standard = everything or quick or not words
    base = base.rstrip("/")
    try:
        release = words[0] if standard and words else kernel.release
        config = conf.ModulesConf(release, base)
        conf.read(config, path)
        config.refuse = None if root else report.error
        paths = search.files(config) if standard else list(words)
        if quick and not _is_outdated(config, paths):
            return 0
        symbols = _symbols(kernel, filesyms)
    except ModutilsError as error:
        report.error(str(error))
        return 1
    modules = depmod.read_modules(paths, report)
    found = depmod.Dependencies(symbols, modules, loose=bool(filesyms))
    made, complete = depmod.files(found, report, base, quiet=quiet, names=errsyms)
    if show or not standard:
        click.echo("".join(made.values()), nl=False)
    elif not _write(made, config, report):
        return 1
    return int(report.errors > 0 or (strict and not complete))


def _symbols(kernel: Linux24, path: str) -> list[str]:
    if not path:
        return [name for _, name in calls.symbols(kernel)]
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", opener=opener) as file:
            return depmod.kernel_symbols(file.read())
    except OSError:
        raise ModutilsError(path, f"Can't read {path}") from None


def _is_outdated(config: conf.ModulesConf, paths: list[str]) -> bool:
    """Whether there is no modules.conf, or a file of depmod is missing or older than that or a module."""
    try:
        oldest = min(os.stat(file).st_mtime for file in config.files.values())
        newest = max(os.stat(path).st_mtime for path in (config.file, *paths))
    except OSError:
        return True
    return newest > oldest


def _write(made: Mapping[str, str], config: conf.ModulesConf, report: RunMessages) -> bool:
    """Write the files, modules.dep last because of its mtime."""
    for name, text in [*list(made.items())[1:], ("dep", made["dep"])]:
        path = config.files.get(name, f"{os.path.dirname(config.files['dep'])}/modules.{name}")
        try:
            with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(text)
        except OSError:
            report.error(f"Can't open {path} for writing")
            return False
    return True
