"""The running kernel, through the three module system calls."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pymodutils import libc
from pymodutils.errors import Refused
from pymodutils.kernel.base import Kernel
from pymodutils.kernel.handover import Handover
from pymodutils.kernel.procfs import Procfs
from pymodutils.root import Root

if TYPE_CHECKING:
    from pymodutils.arch.syscalls import Numbers
    from pymodutils.kernel.base import Init


class RealKernel(Handover, Procfs, Kernel):
    """The running kernel, with /proc and /sys below ``root``."""

    def __init__(self, root: Root | None = None) -> None:
        self.root = Root() if root is None else root

    def delete(self, name: str, *, force: bool = False) -> None:
        """Remove ``name`` without waiting; Refused with EAGAIN if it is in use."""
        flags = os.O_NONBLOCK | (os.O_TRUNC if force else 0)
        code = libc.syscall(self._numbers().delete_module, os.fsencode(name), flags)
        if code:
            raise Refused(name, f"could not remove '{name}': {os.strerror(code)}", code)

    def finit_module(self, fd: int, params: bytes, flags: Init) -> None:
        """Load the module in the open file ``fd``; Refused with the errno of finit_module."""
        _load(self._numbers().finit_module, fd, params, int(flags))

    def init_module(self, image: bytes, params: bytes) -> None:
        """Load the module in memory; Refused with the errno of init_module."""
        _load(self._numbers().init_module, image, len(image), params)

    def _numbers(self) -> Numbers:
        from pymodutils.arch import abi  # noqa: PLC0415 -- not needed for a dry run

        return abi.own(os.uname().machine)


def _load(number: int, *arguments: int | bytes) -> None:
    code = libc.syscall(number, *arguments)
    if code:
        raise Refused("module", os.strerror(code), code)
