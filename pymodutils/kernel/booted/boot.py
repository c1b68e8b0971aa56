"""Boot a kernel image on the machine, once: the next time it is taken from the cache."""

from __future__ import annotations

import os

from pymodutils.errors import BadKernel
from pymodutils.machine import UNAME


def boot(image: str, state: str | None, cmdline: str, memory: int) -> str:
    """Make the file ``state`` (None: the default) a kernel booted from ``image``; a line that describes it.

    Raises BadKernel if the image cannot be read or does not boot.
    """
    from pymodutils.kernel.booted.kernel import BootedKernel, default_path  # noqa: PLC0415 -- only here
    from pymodutils.machine import saved  # noqa: PLC0415 -- the same

    name, known = _base(image, cmdline, memory)
    path = state or default_path()
    if not state:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    saved.new_state(path, name)
    release = BootedKernel(path).read("/proc/sys/kernel/osrelease").decode("ascii", "replace").strip()
    return f"{release} ({UNAME}, {memory >> 20} MiB, {'booted before' if known else 'booted'}) in {path}"


def known(image: str) -> str:
    """The file ``image``, which boots; raises BadKernel if it does not."""
    from pymodutils.kernel.booted.live import LiveKernel  # noqa: PLC0415 -- only here

    LiveKernel.boot(image).close()
    return image


def base(image: str, cmdline: str, memory: int) -> str:
    """The name in ``machine.saved`` of the kernel of ``image``, booted if absent; raises BadKernel."""
    return _base(image, cmdline, memory)[0]


def _base(image: str, cmdline: str, memory: int) -> tuple[str, bool]:
    """The name, and whether it was there."""
    from pymodutils.machine import saved  # noqa: PLC0415 -- only here

    try:
        with open(image, "rb") as file:
            data = file.read()
    except OSError as error:
        raise BadKernel(image, f"{image}: {error.strerror}") from None
    name = saved.key(data, cmdline, memory)
    if saved.exists(name):
        return name, True
    from pymodutils.machine import boot as machine  # noqa: PLC0415 -- a known one does without

    about = " ".join(filter(None, [os.path.abspath(image), f"{memory >> 20} MiB", cmdline]))
    saved.keep(name, machine.boot(data, image, cmdline, memory), about)
    return name, False
