"""Boot a kernel image on the machine, once: the next time it is taken from the cache."""

from __future__ import annotations

import os

from pymodutils.errors import BadKernel


def boot(image: str, state: str | None, cmdline: str, memory: int) -> str:
    """Make the file ``state`` (None: the default) a kernel booted from ``image``; a line that describes it.

    Raises BadKernel if the image cannot be read or does not boot.
    """
    from pymodutils.kernel.booted.kernel import BootedKernel, default_path  # noqa: PLC0415 -- only here
    from pymodutils.machine import saved  # noqa: PLC0415 -- the same

    try:
        with open(image, "rb") as file:
            data = file.read()
    except OSError as error:
        raise BadKernel(image, f"{image}: {error.strerror}") from None
    base = saved.key(data, cmdline, memory)
    known = saved.exists(base)
    if not known:
        from pymodutils.machine import boot as machine  # noqa: PLC0415 -- a known one does without

        saved.keep(base, machine.boot(data, image, cmdline, memory))
    path = state or default_path()
    if not state:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    saved.new_state(path, base)
    release = BootedKernel(path).read("/proc/sys/kernel/osrelease").decode("ascii", "replace").strip()
    return f"{release} (x86_64, {memory >> 20} MiB, {'booted before' if known else 'booted'}) in {path}"
