"""What init() of a module returns on a kernel that runs in this process."""

from __future__ import annotations

from pymodutils.errors import BadKernel, Refused
from pymodutils.kernel.booted.live import LiveKernel


def outcome(path: str, image: str, release: str) -> int:
    """What init() of the module file ``path`` returns to the kernel in ``image``: 0 or a negative errno.

    Raises BadKernel if that is not ``release``, and Unanswered if init() does not return.
    """
    with LiveKernel.boot(image) as kernel:
        found = kernel.read("/proc/sys/kernel/osrelease").decode("ascii", "replace").strip()
        if found != release:
            raise BadKernel(image, f"{image} is {found}, but the emulated kernel is {release}")
        try:
            kernel.load(path)
        except Refused as refused:
            return -refused.errno
    return 0
