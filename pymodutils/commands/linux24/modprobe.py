"""modprobe for a 2.4 kernel: load or remove modules, configured by /etc/modules.conf."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from pymodutils.commands.getopt import Extra
from pymodutils.commands.linux24 import options
from pymodutils.errors import ModutilsError
from pymodutils.linux24.conf import config as conf
from pymodutils.linux24.conf import search
from pymodutils.linux24.conf.modprobe_conf import convert
from pymodutils.linux24.conf.show import show
from pymodutils.linux24.insmod.report import RunMessages
from pymodutils.linux24.modprobe import dependencies, safe
from pymodutils.linux24.modprobe.modprobe import Modprobe, checked
from pymodutils.linux24.modprobe.run import Flags, ModprobeRun

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.linux24.kernel.kernel import Linux24

FAILED = 255  # as the -1 that main() returned
EXAMPLES = [
    ("modprobe --backend emulated:k24 3c59x debug=7", "load a module after its dependencies"),
    ("modprobe --backend emulated:k24 -n -v char-major-14", "show the commands for an alias"),
    ("modprobe --backend emulated:k24 -r", "remove autoclean modules that are unused"),
    ("modprobe --generation 2.4 -C modules.conf -c", "show the configuration"),
]


class SafeTool(options.ModutilsTool):
    """modprobe, which in safe mode takes its last word for a name, even one that begins with "-"."""

    def call(self, prog: str, path: str, words: Sequence[str]) -> int:
        """The exit status of modprobe with ``words``."""
        if words and words[-1].startswith("-") and safe.safe_mode(os.environ):
            words = [*words[:-1], "--", words[-1]]
        return super().call(prog, path, words)


@click.command("modprobe", cls=SafeTool, examples=EXAMPLES)
@click.argument("words", nargs=-1, metavar="NAME [SYMBOL=VALUE]...")
@click.option("-a", "--all", "every", is_flag=True, help="Load all matching modules, not only the first.")
@click.option("-c", "--showconfig", is_flag=True, help="Print the configuration.")
@options.config
@click.option("-d", "--debug", is_flag=True, help="Print what is known of each module.")
@click.option(
    "--modprobe-conf",
    "translate",
    cls=Extra,
    is_flag=True,
    help="Print modules.conf converted to modprobe.conf (generate-modprobe.conf).",
)
@click.option("-k", "--autoclean", is_flag=True, help="Let rmmod -a remove the modules once they are unused.")
@click.option("-l", "--list", "listing", is_flag=True, help="Print the files of matching modules.")
@click.option("-n", "--show", "dry_run", is_flag=True, help="Do nothing; with -v, print the commands.")
@click.option(
    "-q", "--quiet", is_flag=True, help="Do not report modules that are missing or cannot be loaded."
)
@click.option("-r", "--remove", is_flag=True, help="Remove modules; without names, unused autoclean ones.")
@click.option("-s", "--syslog", is_flag=True, help="Send messages to syslog.")
@click.option(
    "-t", "--type", "kind", default="", metavar="TYPE", help="Only search directories of this name."
)
@click.option("-v", "--verbose", is_flag=True, help="Print all commands.")
@options.kernel
def command(
    words: tuple[str, ...],
    kernel: Linux24,
    path: str,
    kind: str,
    every: bool,
    debug: bool,
    showconfig: bool,
    listing: bool,
    translate: bool,
    remove: bool,
    dry_run: bool,
    quiet: bool,
    autoclean: bool,
    verbose: bool,
    syslog: bool,
) -> int:
    """Load the module NAME and its dependencies into a 2.4 kernel, or remove it."""
    report = RunMessages("modprobe", verbose=verbose, syslog=syslog)
    is_safe = safe.safe_mode(os.environ)
    try:
        config = conf.ModulesConf(kernel.release, autoclean=autoclean)
        config.safe = is_safe
        config.refuse = report.error
        checked(config, report, conf.read(config, path))
        if translate:
            click.echo("\n".join(convert(_own(kernel, path))))
            return 0
        nodes = dependencies.read(config.files["dep"])
        if int(config.mtime) > int(os.stat(config.files["dep"]).st_mtime):
            report.say(f"Note: {config.file} is more recent than {config.files['dep']}")
        if is_safe:
            safe.check(words)
        flags = Flags(dry_run, quiet or autoclean, autoclean, verbose, syslog, debug)
        tool = Modprobe(ModprobeRun(kernel, config, flags, report), nodes)
        if showconfig:
            click.echo("\n".join(show(config, options.MODUTILS)))
        elif remove:
            return tool.remover.remove(words) if words else tool.remover.clean()
        elif listing:
            for file in (file for word in words or ("*",) for file in search.files(config, word, kind)):
                click.echo(file)
        elif not words:
            report.error("Nothing to load ???\nSpecify at least a module or a wildcard like \\*")
        else:
            return 0 if tool.load(words, kind, every=every) else FAILED
    except ModutilsError as error:
        report.error(str(error))
        return 1 if is_safe else FAILED
    return 0


def _own(kernel: Linux24, path: str) -> conf.ModulesConf:
    """The lines of modules.conf itself."""
    config = conf.ModulesConf(kernel.release)
    for word in config.lists:
        config.lists[word].clear()
    conf.read(config, path)
    return config
