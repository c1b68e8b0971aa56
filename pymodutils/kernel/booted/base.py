"""A freshly booted kernel: booted once for an image, then taken from the cache."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pymodutils.errors import BadKernel
from pymodutils.regular import opener

if TYPE_CHECKING:
    from collections.abc import Callable


def booted(
    image: str, cmdline: str, memory: int, heard: Callable[[str], None] | None = None
) -> tuple[str, bool]:
    """The name in ``machine.saved`` of the kernel of ``image``, booted if absent, and whether it was there.

    ``heard`` is called with each message of a kernel that boots.
    Raises BadKernel if the image cannot be read or does not boot.
    """
    from pymodutils.machine import saved  # noqa: PLC0415 -- only here

    try:
        with open(image, "rb", opener=opener) as file:
            data = file.read()
    except OSError as error:
        raise BadKernel(image, f"{image}: {error.strerror}") from None
    name = saved.key(data, cmdline, memory)
    if saved.exists(name):
        return name, True
    from pymodutils.machine import boot as machine  # noqa: PLC0415 -- a known one does not need it

    about = " ".join(filter(None, [os.path.abspath(image), f"{memory >> 20} MiB", cmdline]))
    saved.keep(name, machine.boot(data, image, cmdline, memory, heard), about)
    return name, False
