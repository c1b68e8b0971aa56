"""insmod: load one module file, without dependencies or configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pymodutils import names
from pymodutils.commands import options
from pymodutils.commands.generation import Generations
from pymodutils.commands.getopt import Extra
from pymodutils.errors import BadModule, ModutilsError, Unanswered
from pymodutils.kernel import choose, refusals
from pymodutils.kernel.base import Init
from pymodutils.log import ERROR, Log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.root import Root

EXAMPLES = [
    ("insmod ./dummy.ko", "load a module from a file"),
    ("insmod dummy.ko numdummies=3", "with a parameter"),
    ("insmod -v dummy.ko", "print a hint if it is refused"),
]


@click.command(cls=Generations, examples=EXAMPLES)
@click.argument("words", nargs=-1, metavar="FILE [PARAMETER=VALUE]...")
@click.option(
    "-f", "--force", is_flag=True, help="Same as both of the following. Dangerous: may crash the machine."
)
@click.option("--force-modversion", cls=Extra, is_flag=True, help="Ignore symbol version mismatches.")
@click.option("--force-vermagic", cls=Extra, is_flag=True, help="Ignore a vermagic mismatch.")
@options.syslog
@options.verbose
@options.machine
def command(
    words: tuple[str, ...],
    force: bool,
    force_modversion: bool,
    force_vermagic: bool,
    syslog: bool,
    verbose: int,
    root: Root,
) -> int:
    """Load the module in FILE. Dependencies are not loaded: use modprobe."""
    log = Log("insmod", ERROR + verbose, syslog=syslog)
    flags = Init.NONE
    if force or force_modversion:
        flags |= Init.IGNORE_MODVERSIONS
    if force or force_vermagic:
        flags |= Init.IGNORE_VERMAGIC
    if not words:
        log.error("missing filename.")
    elif words[0] == "-":
        log.error("this tool does not support loading from stdin!")
    else:
        return insert(words[0], words[1:], flags, root, log)
    return 1


def insert(path: str, params: Sequence[str], flags: Init, root: Root, log: Log) -> int:
    """Load ``path`` and return the exit status, after reporting the reason if it is 1."""
    try:
        names.stat(path)
    except OSError as error:
        log.error(f"could not load module {path}: {error.strerror}")
        return 1
    try:
        remark = choose.kernel(root).insert(path, " ".join(map(quoted, params)), flags)
    except ModutilsError as error:
        if error.why or isinstance(error, BadModule | Unanswered):
            log.error(error.why or str(error))
        log.error(f"could not insert module {path}: {refusals.words(refusals.INSMOD, error.errno)}")
        known = isinstance(error, BadModule)  # not refused by the kernel
        advice = "" if known else refusals.advice(root, error, loading=True)
        if advice:
            log.warning(advice)
        return 1
    if remark:
        log.warning(remark)
    return 0


def quoted(parameter: str) -> str:
    """``parameter`` with its value quoted if it contains blanks and is not quoted yet."""
    key, equals, value = parameter.partition("=")
    if equals and " " in value and not value.startswith('"'):
        return f'{key}="{value}"'
    return parameter
