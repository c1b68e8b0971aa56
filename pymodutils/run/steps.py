"""How plans are run, and what loading and removing share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pymodutils import shell
from pymodutils.depends.plan import Remove, line

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.depends.plan import Step
    from pymodutils.depends.resolve import Module
    from pymodutils.kernel.base import Kernel
    from pymodutils.log import Log


class Mode(NamedTuple):
    """How plans are run."""

    dry: bool = False  # change nothing
    show: bool = False  # print each step
    ignore_loaded: bool = False  # as if no modules were loaded
    first_time: bool = False  # fail if there is nothing to do
    force: bool = False  # remove modules in use
    holders: bool = False  # first remove the modules that use it
    go_on: bool = False  # kmod's fatal errors are warnings (-a)
    wait: int = 0  # ms to wait for the reference count to drop to 0
    says_why: bool = True  # report errors in compressed data
    signals_pass: bool = False  # as in kmod, a command killed by a signal counts as successful


class StepRunner:
    """Runs steps on ``kernel``; ``show`` receives the lines that kmod prints.

    ``plan`` returns the removal plan of a soft dependency or of a holder; ``builtin`` returns whether a
    module is built in.
    """

    def __init__(
        self,
        kernel: Kernel,
        builtin: Callable[[str], bool],
        plan: Callable[[Module], Remove],
        mode: Mode,
        *,
        log: Log,
        show: Callable[[str], None],
    ) -> None:
        self.kernel = kernel
        self.builtin = builtin
        self.plan = plan
        self.log = log
        self.show = show
        self.mode = mode

    def shown(self, step: Step | Remove) -> None:
        """Show the line of ``step``, if it has one."""
        text = line(step)
        if self.mode.show and text is not None:
            self.show(text)

    def command(self, line: str, module: str) -> int:
        """Run ``line``; the exit status, or the signal as a negative number."""
        ended = shell.command(line, module)
        return 0 if ended < 0 and self.mode.signals_pass else ended
