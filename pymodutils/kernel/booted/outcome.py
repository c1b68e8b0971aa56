"""The result of a module's init() on a kernel running in this process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pymodutils import scratch
from pymodutils.errors import BadKernel, Refused
from pymodutils.kernel.booted.live import LiveKernel

if TYPE_CHECKING:
    from pymodutils.mapped import Contents


def of_content(content: Contents, params: bytes, image: str, release: str) -> int:
    """As ``outcome``, for a module in memory, loaded with ``params``."""
    with scratch.folder() as folder:
        path = os.path.join(folder, "module.ko")
        with open(path, "wb") as file:
            file.write(content)
        return outcome(path, image, release, os.fsdecode(params))


def outcome(path: str, image: str, release: str, params: str = "") -> int:
    """The result of init() of the module file ``path`` on the kernel in ``image``: 0 or a negative errno.

    Raises BadKernel if that is not ``release``, and Unanswered if init() does not return.
    """
    with LiveKernel.boot(image) as kernel:
        found = kernel.read("/proc/sys/kernel/osrelease").decode("ascii", "replace").strip()
        if found != release:
            raise BadKernel(image, f"{image} is {found}, but the emulated kernel is {release}")
        kernel.load_needed(path)
        try:
            kernel.insert(path, params)
        except Refused as refused:
            return -refused.errno
    return 0
