"""Run the plans of a module directory on a kernel."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pymodutils.depends.plan import Choices, Remove, remove
from pymodutils.run.load import LoadRunner
from pymodutils.run.remove import RemoveRunner

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.depends.resolve import Module, Resolver
    from pymodutils.kernel.base import Kernel
    from pymodutils.log import Log
    from pymodutils.run.steps import Mode


class Runner(LoadRunner, RemoveRunner):
    """Runs plans."""

    @classmethod
    def of(
        cls, resolver: Resolver, kernel: Kernel, mode: Mode, *, log: Log, show: Callable[[str], None]
    ) -> Runner:
        """The runner for the modules of ``resolver``."""
        removal = partial(_removal, resolver)
        return cls(kernel, resolver.directory.is_builtin, removal, mode, log=log, show=show)


def _removal(resolver: Resolver, module: Module) -> Remove:
    return remove(resolver, module, Choices())
