"""Which kernel the tools use: ``real``, ``emulated[:FILE]`` or ``machine[:FILE]``."""

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
    """The kernel that ``backend`` means, None if that is the real one; raises as ``running`` does."""
    return None if backend in ("", REAL) else running(backend, command)


def running(backend: str, command: str) -> EmulatedKernel | BootedKernel:
    """The emulated kernel or the one on a machine that ``backend`` means; raises as ``opened`` does."""
    kind, _, file = backend.partition(":")
    if kind != MACHINE:
        return opened(backend, command)
    from pymodutils.kernel.booted import kernel as booted  # noqa: PLC0415 -- others do without

    return booted.BootedKernel.open(file or booted.default_path())


def opened(backend: str, command: str) -> EmulatedKernel:
    """The emulated kernel that ``backend`` means; ``command`` is how its log calls this process.

    Raises ModutilsError if it means none, BadState if the file is absent or damaged.
    """
    from pymodutils.kernel.emulated import boot  # noqa: PLC0415 -- the real kernel does without
    from pymodutils.kernel.emulated.kernel import EmulatedKernel  # noqa: PLC0415 -- the same

    kind, _, file = backend.partition(":")
    if kind == MACHINE:
        raise ModutilsError(backend, "this needs an emulated kernel: give --backend emulated[:FILE]")
    if kind != EMULATED:
        raise ModutilsError(backend, f"unknown backend '{backend}': real, emulated[:FILE] or machine[:FILE]")
    return EmulatedKernel.open(file or boot.default_path(), command=command)


def kernel(root: Root) -> Kernel:
    """The kernel of ``root``: its own, else the one that runs."""
    if root.kernel is not None:
        return cast("Kernel", root.kernel)  # what shows a /proc of its own is one
    from pymodutils.kernel.real import RealKernel  # noqa: PLC0415 -- an emulated one does without

    return RealKernel(root)
