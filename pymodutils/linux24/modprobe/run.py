"""One run of modprobe: its options, and the commands of modules.conf that it runs."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, NamedTuple

from pymodutils.linux24.conf import search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.linux24.conf.config import ModulesConf
    from pymodutils.linux24.insmod.report import RunMessages
    from pymodutils.linux24.kernel.kernel import Linux24


class Flags(NamedTuple):
    """The options of modprobe that control its mode."""

    dry_run: bool = False
    quiet: bool = False
    autoclean: bool = False
    verbose: bool = False
    syslog: bool = False
    debug: bool = False


class Failed(Exception):
    """A module cannot be loaded or removed; the error has been printed."""


class ModprobeRun(NamedTuple):
    """The kernel, the configuration, and the receiver of messages."""

    kernel: Linux24
    config: ModulesConf
    flags: Flags
    report: RunMessages

    def commands(self, step: str, names: Sequence[str], of: str = "", *, complain: bool = True) -> bool:
        """Run the commands for ``step`` of the module ``of``, or of each of ``names``; whether there are any.

        Raises Failed at the first that fails.
        """
        there = False
        for name in names:
            command = self.config.command(step, search.key(of or name))
            if not command:
                continue
            there = True
            self.report.detail(f"# {step} {name}:\n{command}")
            if self.flags.dry_run:
                continue
            environment = self.config.expander.environment()
            if subprocess.run(["/bin/sh", "-c", command], env=environment, check=False).returncode:
                if complain:
                    self.report.error(f"{step} {name} failed")
                raise Failed
        return there
