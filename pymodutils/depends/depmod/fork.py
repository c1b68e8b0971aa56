"""Work in other processes: forked, because the parent's data is then theirs at no cost."""

from __future__ import annotations

import marshal
import os
import signal
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pymodutils.errors import ModutilsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

Result = TypeVar("Result")


class Child(Generic[Result]):
    """A process that does ``work`` and leaves the result, plain values that marshal knows, in memory.

    As a context manager it does not outlive its block.
    """

    def __init__(self, work: Callable[[], Result]) -> None:
        self._memory = os.memfd_create("result", os.MFD_CLOEXEC)
        self._pid = os.fork()
        if not self._pid:
            self._live(work)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            self._wait()
        os.close(self._memory)

    def result(self) -> Result:
        """What ``work`` returned, when it is done; a ModutilsError that it raised is raised here."""
        status = self._wait()
        if status:
            raise ModutilsError("depmod", f"a helper process ended with status {status}")
        found: tuple[Result, tuple[str, str, int] | None] = marshal.loads(_content(self._memory))  # noqa: S302 -- our own
        value, error = found
        if error:
            raise ModutilsError(*error)
        return value

    def _wait(self) -> int:
        pid, self._pid = self._pid, 0
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def _live(self, work: Callable[[], Result]) -> None:
        """The whole life of the child."""
        status = 1
        try:
            answer: Any
            try:
                answer = work(), None
            except ModutilsError as error:
                answer = None, (error.subject, str(error), error.errno)
            os.write(self._memory, marshal.dumps(answer))
            status = 0
        finally:
            os._exit(status)


def _content(memory: int) -> bytes:
    size = os.fstat(memory).st_size
    return os.pread(memory, size, 0)


def processors() -> int:
    """How many processes can run at once."""
    return len(os.sched_getaffinity(0))
