"""Which kernel the tools talk to: ``real``, ``emulated`` or ``emulated:FILE``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from pymodutils.errors import ModutilsError

if TYPE_CHECKING:
    from pymodutils.kernel.base import Kernel
    from pymodutils.kernel.emulated.kernel import EmulatedKernel
    from pymodutils.root import Root

VARIABLE: Final = "PYMODUTILS_BACKEND"
REAL: Final = "real"
EMULATED: Final = "emulated"


def emulated(backend: str, command: str) -> EmulatedKernel | None:
    """The kernel that ``backend`` means, None if that is the real one; raises as ``opened`` does."""
    return None if backend in ("", REAL) else opened(backend, command)


def opened(backend: str, command: str) -> EmulatedKernel:
    """The emulated kernel that ``backend`` means; ``command`` is how its log calls this process.

    Raises ModutilsError if it means none, BadState if the file is absent or damaged.
    """
    from pymodutils.kernel.emulated import boot  # noqa: PLC0415 -- the real kernel does without
    from pymodutils.kernel.emulated.kernel import EmulatedKernel  # noqa: PLC0415 -- the same

    kind, _, file = backend.partition(":")
    if kind != EMULATED:
        raise ModutilsError(backend, f"unknown backend '{backend}': real, emulated or emulated:FILE")
    return EmulatedKernel.open(file or boot.default_path(), command=command)


def kernel(root: Root) -> Kernel:
    """The kernel of ``root``: its own, else the one that runs."""
    if root.kernel is not None:
        return cast("Kernel", root.kernel)  # what shows a /proc of its own is one
    from pymodutils.kernel.real import RealKernel  # noqa: PLC0415 -- an emulated one does without

    return RealKernel(root)
