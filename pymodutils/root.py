"""Where /etc, /lib, /proc and /sys are: the machine's own, or all of them below one directory."""

from __future__ import annotations

import os
from typing import NamedTuple

VARIABLE = "PYMODUTILS_SYSROOT"


class Root(NamedTuple):
    """A tree that stands for the machine; "" is the machine itself."""

    sysroot: str = ""

    def path(self, absolute: str) -> str:
        """Where ``absolute`` (as the machine itself would name it) lies below this root."""
        return self.sysroot + absolute

    def release(self) -> str:
        """The kernel release: of the sysroot's /proc if it has one, else the running kernel's."""
        if self.sysroot:
            try:
                with open(self.path("/proc/sys/kernel/osrelease"), encoding="utf-8") as file:
                    return file.read().strip()
            except OSError:
                pass
        return os.uname().release

    def modules(self, base: str = "", release: str | None = None, parent: str = "/lib/modules") -> str:
        """The module directory of ``release`` (default: this root's) below ``base``.

        A ``base`` given by the user is taken as it is, without the sysroot before it.
        """
        top = base or self.sysroot
        return f"{top}{parent}/{self.release() if release is None else release}"


def default() -> Root:
    """The root that the environment names, else the machine itself."""
    sysroot = os.environ.get(VARIABLE, "")
    return Root(os.path.abspath(sysroot) if sysroot else "")
