"""The running kernel, asked through the three module system calls."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pymodutils import libc
from pymodutils.errors import Refused
from pymodutils.kernel import handover, procfs
from pymodutils.kernel.base import Init, Kernel, Loaded, State
from pymodutils.root import Root

if TYPE_CHECKING:
    from pymodutils.arch.syscalls import Numbers


class RealKernel(Kernel):
    """The kernel that this process runs on; /proc and /sys are looked at below ``root``."""

    def __init__(self, root: Root | None = None) -> None:
        self.root = Root() if root is None else root

    def insert(self, path: str, params: str, flags: Init = Init.NONE) -> str:
        """Load ``path``: by finit_module if the kernel can read the file itself, else from memory.

        Raises Refused with the errno of the file or of the kernel, BadModule when it cannot be unpacked.
        """
        return handover.insert(self, path, params, flags)

    def delete(self, name: str, *, force: bool = False) -> None:
        """Remove ``name`` without waiting; Refused with EAGAIN if it is in use."""
        flags = os.O_NONBLOCK | (os.O_TRUNC if force else 0)
        code = libc.syscall(self._numbers().delete_module, os.fsencode(name), flags)
        if code:
            raise Refused(name, f"could not remove '{name}': {os.strerror(code)}", code)

    def loaded(self) -> list[Loaded]:
        """Every module, newest first; raises ModutilsError without /proc/modules."""
        return procfs.loaded(self.root)

    def state(self, name: str) -> State | None:
        """The state of ``name``, or None if it is not in the kernel."""
        return procfs.state(self.root, name)

    def users(self, name: str) -> int | None:
        """The reference count of ``name``, or None without module unloading or if it is not loaded."""
        return procfs.users(self.root, name)

    def holders(self, name: str) -> tuple[str, ...]:
        """The modules that use ``name``."""
        return procfs.holders(self.root, name) or ()

    def finit(self, fd: int, params: bytes, flags: Init) -> int:
        """The errno of finit_module, or 0."""
        return libc.syscall(self._numbers().finit_module, fd, params, int(flags))

    def init(self, image: bytes, params: bytes) -> int:
        """The errno of init_module, or 0."""
        return libc.syscall(self._numbers().init_module, image, len(image), params)

    def _numbers(self) -> Numbers:
        from pymodutils.arch import syscalls  # noqa: PLC0415 -- a dry run does without

        return syscalls.own(os.uname().machine)
