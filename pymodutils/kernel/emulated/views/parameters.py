"""/sys/module/NAME/parameters; kernel/params.c."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.module import Module
    from pymodutils.kernel.emulated.state import State
    from pymodutils.kernel.emulated.views.tree import Node


def files(state: State, module: Module) -> dict[str, Node]:
    """A file for each parameter of ``module`` that is shown."""
    return {}
