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


def path(backend: str) -> str | None:
    """The state file that ``backend`` means, None for the real kernel; raises ModutilsError otherwise."""
    from pymodutils.kernel.emulated import boot  # noqa: PLC0415 -- the real kernel does without

    kind, _, file = backend.partition(":")
    if backend == REAL:
        return None
    if kind != EMULATED:
        raise ModutilsError(backend, f"unknown backend '{backend}': real, emulated or emulated:FILE")
    return file or boot.default_path()


def emulated(backend: str, command: str) -> EmulatedKernel | None:
    """The kernel that ``backend`` means if it is emulated; ``command`` is how its log calls this process."""
    if backend in ("", REAL):
        return None
    file = path(backend)
    from pymodutils.kernel.emulated.kernel import EmulatedKernel  # noqa: PLC0415 -- the same

    return EmulatedKernel.open(file, command=command) if file else None


def kernel(root: Root) -> Kernel:
    """The kernel of ``root``: its own, else the one that runs."""
    if root.kernel is not None:
        return cast("Kernel", root.kernel)  # what shows a /proc of its own is one
    from pymodutils.kernel.real import RealKernel  # noqa: PLC0415 -- an emulated one does without

    return RealKernel(root)
