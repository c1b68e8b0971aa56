"""Boot a kernel image on the machine, for a state file or to see whether it boots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymodutils.kernel.booted import base
from pymodutils.kernel.state_path import writable

if TYPE_CHECKING:
    from collections.abc import Callable


def boot(
    image: str,
    state: str | None,
    cmdline: str,
    memory: int,
    heard: Callable[[str], None] | None = None,
) -> str:
    """Create the state file ``state`` (None: the default) of a kernel booted from ``image``; describe it.

    ``heard`` is called with each message of a kernel that boots.
    Raises BadKernel if the image cannot be read or does not boot.
    """
    from pymodutils.kernel.booted.kernel import BootedKernel, default_path  # noqa: PLC0415 -- only here
    from pymodutils.machine import saved  # noqa: PLC0415 -- the same

    name, known = base.booted(image, cmdline, memory, heard)
    path = writable(state, default_path())
    saved.new_state(path, name)
    kernel = BootedKernel(path)
    release, arch = (kernel.read(f"/proc/sys/kernel/{it}").decode().strip() for it in ("osrelease", "arch"))
    return f"{release} ({arch}, {memory >> 20} MiB, {'booted before' if known else 'booted'}) in {path}"


def known(image: str) -> str:
    """The file ``image``; raises BadKernel if it does not boot."""
    from pymodutils.kernel.booted.live import LiveKernel  # noqa: PLC0415 -- only here

    LiveKernel.boot(image).close()
    return image
