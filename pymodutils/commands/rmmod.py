"""rmmod: remove modules, at once or as soon as they are unused."""

from __future__ import annotations

import errno
import os
import sys
import time
from typing import TYPE_CHECKING

import click

from pymodutils import names
from pymodutils.commands import options
from pymodutils.commands.generation import Generations
from pymodutils.commands.getopt import Attached, raise_usage
from pymodutils.depends.directory import ModuleDirectory
from pymodutils.errors import Refused
from pymodutils.kernel import choose, refusals, remove
from pymodutils.log import ERROR, WARNING, Log

if TYPE_CHECKING:
    from pymodutils.kernel.remove import InUse
    from pymodutils.root import Root

EXAMPLES = [
    ("rmmod vfat fat", "remove two modules, in this order"),
    ("rmmod --wait fat", "wait until it is unused, then remove it"),
    ("rmmod --wait=5 fat", "wait at most five seconds"),
]
RISK = "removing it by force: whatever still uses it may crash the machine or destroy data"


def _seconds(_ctx: click.Context, _param: click.Parameter, value: str | None) -> float | None:
    if not value:
        return None if value is None else float("inf")
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1
    if not seconds >= 0:
        raise_usage("rmmod", f"unexpected wait value '{value}'.")
    return seconds


@click.command(cls=Generations, examples=EXAMPLES)
@click.argument("words", nargs=-1, metavar="NAME...")
@click.option("-f", "--force", is_flag=True, help="Remove modules in use. Dangerous: may crash the machine.")
@click.option(
    "--wait",
    cls=Attached,
    callback=_seconds,
    metavar="[=SECONDS]",
    help="Wait until each module is unused, at most SECONDS in total.",
)
@options.syslog
@options.verbose
@options.machine
def command(
    words: tuple[str, ...], force: bool, wait: float | None, syslog: bool, verbose: int, root: Root
) -> int:
    """Remove the modules NAME. To remove unused dependencies too, use modprobe -r."""
    log = Log("rmmod", ERROR + verbose, syslog=syslog)
    if not words:
        log.error("missing module name.")
        return 1
    if force and wait is not None:
        log.error("--wait and --force exclude each other.")
        return 1
    deadline = None if wait is None else time.monotonic() + wait
    removal = Removal(root, log, force=force, deadline=deadline)
    return max([removal.run(word) for word in words])


class Removal:
    """The removals of one rmmod call; without a ``deadline`` it does not wait."""

    def __init__(self, root: Root, log: Log, *, force: bool, deadline: float | None) -> None:
        self.kernel = choose.kernel(root)
        self.root = root
        self.log = log
        self.force = force
        self.deadline = deadline
        self.shown = ""

    def run(self, word: str) -> int:
        """Remove ``word``, a module or its file, and return the exit status, after reporting an error."""
        exists = os.path.exists(word)
        if exists and word.endswith("/"):
            self.log.error(f"could not use module {word}: {os.strerror(errno.ENOENT)}")
            return 1
        name = names.of_path(word) if exists else names.normalize(word.partition(".")[0])
        try:
            if self.deadline is not None:
                self._when_unused(name, self.deadline)
            elif self.force:
                self._by_force(name)
            else:
                remove.check(self.kernel, name, self._is_builtin)
                self.kernel.delete(name)
        except remove.Unfit as unfit:
            self.log.error(str(unfit))
            return 1
        except Refused as refused:
            self.log.error(str(refused))
            self.log.error(f"could not remove module {word}: {os.strerror(refused.errno)}")
            if advice := refusals.advice(self.root, refused, loading=False):
                self.log.warning(advice)
            return 1
        return 0

    def _by_force(self, name: str) -> None:
        try:
            remove.check(self.kernel, name, self._is_builtin)
        except remove.InUse as busy:
            loud = Log("rmmod", WARNING, syslog=self.log.syslog)
            loud.warning(f"{busy}; {RISK}")
        except remove.Unfit:
            pass  # the kernel's log has its own message
        self.kernel.delete(name, force=True)

    def _when_unused(self, name: str, deadline: float) -> None:
        try:
            remove.wait(lambda: remove.attempt(self.kernel, name, self._is_builtin), deadline, self._show)
        finally:
            self._clear()

    def _show(self, busy: InUse) -> None:
        """Show what is waited for in a status line on a terminal."""
        line = f"rmmod: {busy} (reference count {busy.users}); waiting, Ctrl-C to give up"
        if line != self.shown and sys.stderr.isatty() and not self.log.syslog:
            self.shown = line  # set first, so that _clear works after an interrupt at any moment
            sys.stderr.write(f"\r{line}\x1b[K")
            sys.stderr.flush()

    def _clear(self) -> None:
        if self.shown:
            sys.stderr.write("\r\x1b[K")
            self.shown = ""

    def _is_builtin(self, name: str) -> bool:
        return ModuleDirectory(self.root.modules(), root=self.root).is_builtin(name)
