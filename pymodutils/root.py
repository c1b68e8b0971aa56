"""Where /etc, /lib, /proc and /sys are: the machine's own, below one directory, or an emulated kernel's."""

from __future__ import annotations

import os
from typing import NamedTuple, Protocol

from pymodutils.errors import ModutilsError
from pymodutils.regular import opener

VARIABLE = "PYMODUTILS_SYSROOT"
KERNELS_OWN = ("/proc/", "/sys/")
MODULES = "/lib/modules"
USR_MODULES = "/usr/lib/modules"


class Shown(Protocol):
    """A kernel that shows its own /proc and /sys."""

    def read(self, path: str) -> bytes:
        """What the file ``path`` holds; raises ModutilsError with the errno of the call."""
        ...

    def listdir(self, path: str) -> list[str]:
        """The names in the folder ``path``; raises ModutilsError with the errno of the call."""
        ...


class Root(NamedTuple):
    """A tree that stands for the machine, "" for itself; /proc and /sys are ``kernel``'s, if given."""

    sysroot: str | os.PathLike[str] = ""
    kernel: Shown | None = None

    def path(self, absolute: str) -> str:
        """Where ``absolute`` (as the machine itself would name it) leads; raises OSError with ELOOP."""
        return self.follow(f"{self.sysroot}{absolute}")

    def follow(self, path: str) -> str:
        """Where ``path``, of this process, leads: below the sysroot links never leave that.

        Raises OSError with ELOOP.
        """
        top = os.fspath(self.sysroot)
        if not top or not path.startswith(f"{top}/"):
            return path
        from pymodutils.resolve_in_root import resolve  # noqa: PLC0415 -- the machine's own root does without

        return resolve(top, path[len(top) :])

    def of(self, base: str) -> Root:
        """The root of what is below ``base``: the machine's, if the user names such a directory."""
        return Root() if base else self

    def inside(self, path: str) -> str:
        """What the machine itself would call ``path``, which lies below this root."""
        return path.removeprefix(os.fspath(self.sysroot))

    def read(self, absolute: str) -> bytes:
        """What the file ``absolute`` holds; raises OSError."""
        if self.kernel is not None and absolute.startswith(KERNELS_OWN):
            try:
                return self.kernel.read(absolute)
            except ModutilsError as error:
                raise OSError(error.errno, os.strerror(error.errno), absolute) from None
        with open(self.path(absolute), "rb", opener=opener) as file:
            return file.read()

    def listdir(self, absolute: str) -> list[str]:
        """The names in the folder ``absolute``; raises OSError."""
        if self.kernel is not None and absolute.startswith(KERNELS_OWN):
            try:
                return self.kernel.listdir(absolute)
            except ModutilsError as error:
                raise OSError(error.errno, os.strerror(error.errno), absolute) from None
        return os.listdir(self.path(absolute))

    def release(self) -> str:
        """The kernel release: of the emulated kernel or the sysroot's /proc, else the running kernel's."""
        if self.sysroot or self.kernel is not None:
            try:
                return self.read("/proc/sys/kernel/osrelease").decode("ascii", "replace").strip()
            except OSError:
                pass
        return os.uname().release

    def modules(self, base: str = "", release: str | None = None) -> str:
        """The module directory of ``release`` (default: this root's) below ``base``.

        A ``base`` given by the user is taken as it is, without the sysroot before it. A sysroot may have
        it in /usr/lib/modules alone.
        """
        known = self.release() if release is None else release
        if base or not self.sysroot:
            return f"{base}{MODULES}/{known}"
        places = [self.path(f"{parent}/{known}") for parent in (MODULES, USR_MODULES)]
        parents = [self.path(parent) for parent in (MODULES, USR_MODULES)]
        tried = zip([*places, *parents], [*places, *places], strict=True)
        return next((place for sign, place in tried if os.path.isdir(sign)), places[0])


def default() -> Root:
    """The root that the environment names, else the machine itself."""
    sysroot = os.environ.get(VARIABLE, "")
    return Root(os.path.abspath(sysroot) if sysroot else "")
