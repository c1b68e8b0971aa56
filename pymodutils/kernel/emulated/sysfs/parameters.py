"""/sys/module/NAME/parameters; kernel/params.c."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymodutils.kernel.emulated import params
from pymodutils.kernel.emulated.params.module_params import Parameters
from pymodutils.kernel.emulated.sysfs.attribute import attribute

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.params import Param
    from pymodutils.kernel.emulated.state.kernel_state import KernelState
    from pymodutils.kernel.emulated.state.module import KernelModule
    from pymodutils.kernel.emulated.vfs import File, Node


def files(state: KernelState, module: KernelModule) -> dict[str, Node]:
    """A file for each visible parameter of ``module``."""
    owner = Parameters(state, module, "sh")
    return {param.name.decode("utf-8", "surrogateescape"): _file(owner, param) for param in owner.shown()}


def _file(owner: Parameters, param: Param) -> File:
    def read() -> bytes:
        return params.show(param, owner.memory)

    def write(text: bytes) -> None:
        owner.store(param, text)

    return attribute(param.mode, read, write)
