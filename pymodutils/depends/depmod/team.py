"""This process and others, each of which takes the next task whenever it has finished one."""

from __future__ import annotations

import marshal
import os
import signal
import sys
from array import array
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from pymodutils.errors import ModutilsError
from pymodutils.parallel import BUFFER, SIZE, cores, fork, send, widen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import IO, NoReturn, Self

MANY: Final = 1 << 16  # more than any number of CPUs
PIPE: Final = 1 << 16  # capacity of a pipe in bytes
WORD: Final = 4  # bytes of a number in a queue
_ENDING: Final[list[int]] = []  # processes that have closed their pipes, but may not have freed their memory

Result = TypeVar("Result")


class Team(Generic[Result]):
    """This process and one for each further CPU, at most ``others``, which take tasks 0, 1, ... from a queue.

    The others run ``work``, which returns plain values for marshal. As a context manager, it ends them. Tasks
    may remain undone: if there are no more descriptors, or another process dies.
    """

    def __init__(self, work: Callable[[int], Result], tasks: int, others: int = MANY) -> None:
        self._work = work
        self._queue, self._children = -1, list[Child[Result]]()
        try:
            self._queue = _queued(range(tasks))
            for _ in range(min(cores() - 1, others)):
                self._children.append(Child(self._results))
        except OSError:
            pass  # out of processes or descriptors

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            child.end()
        if self._queue >= 0:
            os.close(self._queue)

    def taken(self) -> Iterator[int]:
        """The tasks that this process takes."""
        while self._queue >= 0 and (word := os.read(self._queue, WORD)):
            yield int.from_bytes(word, sys.byteorder)

    def ready(self) -> Iterator[Result]:
        """Further results of the other processes, as far as they are available without waiting."""
        for child in self._children:
            yield from child.ready()

    def rest(self) -> Iterator[Result]:
        """All further results of the other processes; raises the ModutilsError of a task."""
        for child in self._children:
            yield from child.rest()

    def _results(self) -> Iterator[Result]:
        return map(self._work, self.taken())


def _queued(tasks: range) -> int:
    """The read end of a pipe with the numbers of ``tasks``, as far as it has room."""
    words = array("I", tasks).tobytes()[:PIPE]
    reading, writing = os.pipe()
    try:
        os.write(writing, words)
    finally:
        os.close(writing)
    return reading


class Child(Generic[Result]):
    """A process that yields the results of ``work``, plain values for marshal, while it runs.

    If it dies, some are missing.
    """

    def __init__(self, work: Callable[[], Iterable[Result]]) -> None:
        reap()
        self._data = bytearray()  # read, but not yet a complete result
        self._pipe, writing = os.pipe()
        try:
            self._pid = fork()
            if not self._pid:
                os.close(self._pipe)
                self._live(work, writing)
        except OSError:
            os.close(self._pipe)
            raise
        finally:
            os.close(writing)
        widen(self._pipe)
        os.set_blocking(self._pipe, False)

    def end(self) -> None:
        """Terminate the process unless it has ended."""
        if self._pipe >= 0:
            os.kill(self._pid, signal.SIGKILL)
            self._close()
        _ENDING.append(self._pid)
        reap(os.WNOHANG)

    def ready(self) -> Iterator[Result]:
        """The results that are available without waiting; raises a ModutilsError of ``work``."""
        if self._pipe >= 0:
            self._read()
        return self._complete()

    def rest(self) -> Iterator[Result]:
        """All further results; raises a ModutilsError of ``work``."""
        if self._pipe >= 0:
            os.set_blocking(self._pipe, True)
        while self._pipe >= 0:
            self._read()
            yield from self._complete()

    def _read(self) -> None:
        try:
            data = os.read(self._pipe, BUFFER)
        except BlockingIOError:
            return
        self._data += data
        if not data:
            self._close()

    def _close(self) -> None:
        os.close(self._pipe)
        self._pipe = -1

    def _complete(self) -> Iterator[Result]:
        data = self._data
        while len(data) >= SIZE and (end := SIZE + int.from_bytes(data[:SIZE], "little")) <= len(data):
            value, error = marshal.loads(data[SIZE:end])  # noqa: S302 -- written by our own process
            del data[:end]
            if error:
                raise ModutilsError(*error)
            yield value

    def _live(self, work: Callable[[], Iterable[Result]], writing: int) -> NoReturn:
        """Run the child."""
        status = 1
        try:
            with os.fdopen(writing, "wb") as pipe:  # closed before memory is freed, which takes milliseconds
                try:
                    for value in work():
                        _write(pipe, (value, None))
                except ModutilsError as error:
                    _write(pipe, (None, (error.subject, str(error), error.errno)))
            status = 0
        finally:
            os._exit(status)


def _write(pipe: IO[bytes], value: Any) -> None:
    send(pipe, value)
    pipe.flush()


def reap(options: int = 0) -> None:
    """Wait for the processes of former teams; with WNOHANG, only for those that have ended."""
    _ENDING[:] = [pid for pid in _ENDING if not os.waitpid(pid, options)[0]]
