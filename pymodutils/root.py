"""The root directory of /etc, /lib, /proc and /sys: the machine's own, a sysroot, or an emulated kernel."""

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
    """A kernel with its own /proc and /sys."""

    def read(self, path: str) -> bytes:
        """The contents of the file ``path``; raises ModutilsError with the errno of the call."""
        ...

    def listdir(self, path: str) -> list[str]:
        """The names in the folder ``path``; raises ModutilsError with the errno of the call."""
        ...


class Root(NamedTuple):
    """A root directory ("": the machine's own), with /proc and /sys of ``kernel``, if given."""

    sysroot: str | os.PathLike[str] = ""
    kernel: Shown | None = None

    def path(self, absolute: str) -> str:
        """The path of ``absolute``, a path within the root, for this process; raises OSError with ELOOP."""
        return self.follow(f"{self.sysroot}{absolute}")

    def follow(self, path: str) -> str:
        """The target of ``path``, a path of this process; links below the sysroot never leave it.

        Raises OSError with ELOOP.
        """
        top = os.fspath(self.sysroot)
        if not top or not path.startswith(f"{top}/"):
            return path
        from pymodutils.resolve_in_root import resolve  # noqa: PLC0415 -- not needed for the machine's own root

        return resolve(top, path[len(top) :])

    def of(self, base: str) -> Root:
        """The root for paths below ``base``: the machine's, if the user gave such a directory."""
        return Root() if base else self

    def inside(self, path: str) -> str:
        """``path``, which is below this root, as named within it."""
        return path.removeprefix(os.fspath(self.sysroot))

    def read(self, absolute: str) -> bytes:
        """The contents of the file ``absolute``; raises OSError."""
        if self.kernel is not None and absolute.startswith(KERNELS_OWN):
            try:
                return self.kernel.read(absolute)
            except ModutilsError as error:
                raise OSError(error.errno, os.strerror(error.errno), absolute) from None
        with open(self.path(absolute), "rb", opener=opener) as file:
            return file.read()

    def text(self, absolute: str) -> str:
        """The text of the file ``absolute``; "" if it cannot be read."""
        try:
            return self.read(absolute).decode("utf-8", "surrogateescape")
        except OSError:
            return ""

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

        A ``base`` given by the user is used unchanged, not relative to the sysroot. In a sysroot it may be in
        /usr/lib/modules only.
        """
        known = self.release() if release is None else release
        if base or not self.sysroot:
            return f"{base}{MODULES}/{known}"
        places = [self.path(f"{parent}/{known}") for parent in (MODULES, USR_MODULES)]
        parents = [self.path(parent) for parent in (MODULES, USR_MODULES)]
        tried = zip([*places, *parents], [*places, *places], strict=True)
        return next((place for sign, place in tried if os.path.isdir(sign)), places[0])


def default() -> Root:
    """The root given in the environment, or else the machine itself."""
    sysroot = os.environ.get(VARIABLE, "")
    return Root(os.path.abspath(sysroot) if sysroot else "")
