"""The kernel of a state file, used through its own system calls; each change is one transaction."""

from __future__ import annotations

import errno
import os
from struct import unpack_from
from typing import TYPE_CHECKING, Final, NoReturn, Self

from pymodutils.errors import BadState, Refused
from pymodutils.kernel import state_path
from pymodutils.kernel.base import Kernel, PrintkRecord
from pymodutils.kernel.booted import ends
from pymodutils.kernel.handover import Handover
from pymodutils.kernel.procfs import Procfs
from pymodutils.machine import guest, saved
from pymodutils.machine.results import Result, Returned
from pymodutils.root import Root

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.kernel.base import Init
    from pymodutils.machine.guest import Guest

DEFAULT: Final = "pymodutils/machine.state"  # below $XDG_STATE_HOME
BUFFER: Final = guest.USER + guest.USER_SIZE // 2  # strings of the call come before it
BUFFER_SIZE: Final = guest.USER_SIZE // 2
AT_FDCWD: Final = -100


def default_path() -> str:
    """The default state file."""
    return state_path.default(DEFAULT)


class BootedKernel(Handover, Procfs, Kernel):
    """The kernel in the state file ``path``; any number of processes may use it concurrently."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.root = Root(kernel=self)
        self._seen: tuple[int, int] = (0, 0)
        self._base = ""
        self._guest: Guest | None = None

    @classmethod
    def open(cls, path: str) -> Self:
        """The kernel in the file ``path``; raises BadState if it is missing or damaged."""
        if not os.path.exists(path):
            raise BadState(path, f"{path}: no such file: make it with 'pymodutils kernel boot --machine'")
        kernel = cls(path)
        kernel._current()
        return kernel

    # The protocol of kernel.base

    def finit_module(self, fd: int, params: bytes, flags: Init) -> NoReturn:  # noqa: ARG002 -- handover's
        """Raise Refused, ENOSYS: the machine cannot access host files, so modules are loaded from memory."""
        raise _refused("module", errno.ENOSYS)

    def init_module(self, image: bytes, params: bytes) -> None:
        """Load the module in memory; Refused with the errno, Unanswered if init() does not return."""

        def load(kernel: Guest) -> Result:
            area = kernel.call("vmalloc", max(len(image), 1))
            if not area:
                return Returned(-errno.ENOMEM)
            kernel.machine.space.write(area, image)
            kernel.map(guest.IMAGE, area, len(image))
            result = kernel.system_call("init_module", guest.IMAGE, len(image), params)
            if isinstance(result, Returned):  # otherwise it may still be in use
                kernel.call("vfree", area)
            return result

        if len(params) >= BUFFER_SIZE:
            raise _refused("module", errno.E2BIG)
        code = -_answer(self._change(load), "init_module")
        if code > 0:
            raise _refused("module", code)

    def delete(self, name: str, *, force: bool = False) -> None:
        """Remove ``name`` without waiting; Refused with EAGAIN if it is in use."""
        flags = os.O_NONBLOCK | (os.O_TRUNC if force else 0)
        result = self._change(lambda kernel: kernel.system_call("delete_module", os.fsencode(name), flags))
        code = -_answer(result, "delete_module")
        if code > 0:
            raise Refused(name, f"could not remove '{name}': {os.strerror(code)}", code)

    # /proc and /sys, and the log

    def read(self, path: str) -> bytes:
        """The contents of the file ``path``; raises Refused with the errno of the call."""
        return self._all("read", path, os.O_RDONLY)

    def listdir(self, path: str) -> list[str]:
        """The names in the folder ``path``; raises Refused with the errno of the call."""
        flags = os.O_RDONLY | self._current().calls.directory
        data, at, names = self._all("getdents64", path, flags), 0, []
        while at < len(data):
            size: int = unpack_from("<H", data, at + 16)[0]
            names.append(os.fsdecode(data[at + 19 : at + size].split(b"\0")[0]))
            at += size
        return [name for name in names if name not in (".", "..")]

    def write(self, path: str, data: bytes) -> None:
        """Write ``data`` to the file ``path``; raises Refused with the errno of the call."""

        def store(kernel: Guest) -> Result:
            opened = _opened(kernel, path, os.O_WRONLY)
            result = kernel.system_call("write", opened, data, len(data))
            kernel.system_call("close", opened)
            return result

        code = -_answer(self._change(store), path)
        if code > 0:
            raise Refused(path, f"{path}: {os.strerror(code)}", code)

    def log(self, after: int = 0) -> list[PrintkRecord]:
        """The log lines with numbers above ``after``; timestamps are relative to boot."""
        lines = self._current().log()[0]
        return [_line(number, text) for number, text in enumerate(lines[after:], after + 1)]

    def uevents(self, after: int = 0) -> list[PrintkRecord]:  # noqa: ARG002 -- as an emulated kernel
        """Empty: there is no user space."""
        return []

    def booted(self) -> float:
        """The time of boot in the seconds of ``Line.stamp``."""
        return 0.0

    # Transactions

    def _all(self, call: str, path: str, flags: int) -> bytes:
        kernel = self._current()
        opened, found = _opened(kernel, path, flags), b""
        while True:
            size = _answer(kernel.system_call(call, opened, BUFFER, BUFFER_SIZE), path)
            if size <= 0:
                break
            found += kernel.machine.space.read(kernel.user + BUFFER - guest.USER, size)
        kernel.system_call("close", opened)
        if size < 0:
            raise Refused(path, f"{path}: {os.strerror(-size)}", -size)
        return found

    def _change(self, step: Callable[[Guest], Result]) -> Result:
        """The result of ``step``, with its effects saved unless the machine ended."""
        with saved.locked(self.path):
            kernel = self._current()
            try:
                result = step(kernel)
            except BaseException:
                self._guest = None
                raise
            saved.store(self.path, self._base, kernel)
            self._seen = self._stamp()
            return result

    def _current(self) -> Guest:
        """The machine in the state of the file, without the effects of reads."""
        stamp = self._stamp()
        if self._guest is None or stamp != self._seen:
            self._base, self._guest = saved.load(self.path)
            self._seen = stamp
        return self._guest

    def _stamp(self) -> tuple[int, int]:
        try:
            found = os.stat(self.path)
        except OSError as error:
            raise BadState(self.path, f"{self.path}: {error.strerror}") from None
        return found.st_ino, found.st_mtime_ns


def _refused(subject: str, code: int) -> Refused:
    return Refused(subject, os.strerror(code), code)


def _line(number: int, text: str) -> PrintkRecord:
    """``<LEVEL>[SECONDS] TEXT`` parsed; bits above the lowest three are the facility."""
    prefix, _, words = text.partition("] ")
    level, _, seconds = prefix.partition(">[")
    return PrintkRecord(number, float(seconds), int(level[1:]) & 7, words)


def _opened(kernel: Guest, path: str, flags: int) -> int:
    code = _answer(kernel.system_call("openat", AT_FDCWD, os.fsencode(path), flags, 0), path)
    if code < 0:
        raise Refused(path, f"{path}: {os.strerror(-code)}", -code)
    return code


def _answer(result: Result, subject: str) -> int:
    """The returned C ``int``; raises Unanswered if the call did not return."""
    if isinstance(result, Returned):
        return result.int32
    raise ends.error(subject, result).whole()
