"""Choose the kernel that the tools use: ``real``, ``emulated[:FILE]`` or ``machine[:FILE]``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from pymodutils.errors import ModutilsError

if TYPE_CHECKING:
    from pymodutils.kernel.base import Kernel
    from pymodutils.kernel.booted.kernel import BootedKernel
    from pymodutils.kernel.emulated.kernel import EmulatedKernel
    from pymodutils.root import Root

VARIABLE: Final = "PYMODUTILS_BACKEND"
REAL: Final = "real"
EMULATED: Final = "emulated"
MACHINE: Final = "machine"


def other(backend: str, command: str) -> EmulatedKernel | BootedKernel | None:
    """The kernel of ``backend``; None for the real one; raises as ``running``."""
    return None if backend in ("", REAL) else running(backend, command)


def running(backend: str, command: str) -> EmulatedKernel | BootedKernel:
    """The emulated or booted kernel of ``backend``; raises as ``opened``."""
    kind, _, file = backend.partition(":")
    if kind != MACHINE:
        return opened(backend, command)
    from pymodutils.kernel.booted import kernel as booted  # noqa: PLC0415 -- others do not need it

    return booted.BootedKernel.open(file or booted.default_path())


def opened(backend: str, command: str) -> EmulatedKernel:
    """The emulated kernel of ``backend``; ``command`` is the name of this process in its log.

    Raises ModutilsError if it is not emulated, BadState if the file is missing or damaged.
    """
    from pymodutils.kernel.emulated import boot  # noqa: PLC0415 -- the real kernel does not need it
    from pymodutils.kernel.emulated.kernel import EmulatedKernel  # noqa: PLC0415 -- the same

    kind, _, file = backend.partition(":")
    if kind == MACHINE:
        raise ModutilsError(backend, "this needs an emulated kernel: give --backend emulated[:FILE]")
    if kind != EMULATED:
        raise ModutilsError(backend, f"unknown backend '{backend}': real, emulated[:FILE] or machine[:FILE]")
    return EmulatedKernel.open(file or boot.default_path(), command=command)


def kernel(root: Root) -> Kernel:
    """The kernel of ``root``: its own, or else the running one."""
    if root.kernel is not None:
        return cast("Kernel", root.kernel)  # what shows a /proc of its own is one
    from pymodutils.kernel.real import RealKernel  # noqa: PLC0415 -- an emulated one does not need it

    return RealKernel(root)
