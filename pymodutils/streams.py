"""The standard descriptors: make sure that they are open, and name them in errors.

The kernel starts modprobe with all three closed (call_modprobe); the next opened file would become standard
output.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from typing import Any, Final

OUTPUT: Final = "standard output"
UNENCODABLE: Final = "pymodutils.unencodable"  # the name of an error handler
_state = {"stderr": True}


def prepare() -> None:
    """Open /dev/null on closed descriptors 0, 1 and 2; accept names with any bytes."""
    _state["stderr"] = _is_open(2)
    for fd in range(3):
        if not _is_open(fd):
            _open_null(fd)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 -- lives as long as the process
    if sys.stdout is None or sys.stdout is sys.__stdout__:
        sys.stdout = _text(sys.stdout, Output(1, "w", closefd=False))
    if sys.stderr is None or sys.stderr is sys.__stderr__:
        sys.stderr = _text(sys.stderr, Errors(2, "w", closefd=False))


def has_stderr() -> bool:
    """Whether the process was started with a standard error."""
    return _state["stderr"]


class Output(io.FileIO):
    """Standard output that fails once and then accepts what is left in buffers."""

    failure: OSError | None = None  # even if a library catches it (rich and EPIPE)

    def write(self, data: Any, /) -> Any:
        """Write ``data``; the first OSError has ``filename`` OUTPUT."""
        if Output.failure:
            return len(memoryview(data))
        try:
            return super().write(data)
        except OSError as error:
            error.filename = OUTPUT
            Output.failure = error
            raise


class Errors(io.FileIO):
    """Standard error, whose failures cannot be reported."""

    def write(self, data: Any, /) -> Any:
        """Write ``data`` as far as possible."""
        try:
            return super().write(data)
        except OSError:
            return len(memoryview(data))


def _text(old: io.TextIOWrapper | object, raw: io.FileIO) -> io.TextIOWrapper:
    encoding = getattr(old, "encoding", None) or "utf-8"
    direct = isinstance(raw, Errors) or raw.isatty()
    codecs.register_error(UNENCODABLE, _unencodable)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, UNENCODABLE, line_buffering=direct)


def _unencodable(error: UnicodeError) -> tuple[str | bytes, int]:
    """Restore the bytes of names; escape characters missing in the encoding with backslashes."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    one = UnicodeEncodeError(error.encoding, error.object, error.start, error.start + 1, error.reason)
    try:
        return codecs.lookup_error("surrogateescape")(one)
    except UnicodeEncodeError:
        return codecs.lookup_error("backslashreplace")(one)


def _open_null(fd: int) -> None:
    try:
        null = os.open(os.devnull, os.O_RDWR)
    except OSError:  # a root without /dev
        null = os.memfd_create("null")
    if null != fd:
        os.dup2(null, fd)
        os.close(null)
    os.set_inheritable(fd, True)


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True
