"""Work in forked processes, which share the data of their parent.

``ordered`` yields results in the order of the items: worker i of n takes every n-th item and writes its
results to its own pipe, which blocks when full, so the number of pending results is limited.
"""

from __future__ import annotations

import fcntl
import marshal
import os
import signal
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, BinaryIO, TypeVar

from pymodutils.errors import ModutilsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

AHEAD = 1 << 20  # capacity of each pipe in bytes, if the kernel permits

SIZE = 8  # bytes of the length prefix of a result
BUFFER = 1 << 16  # bytes of results written and read at once

BLOCK = 32  # neighbours that one worker gets

T = TypeVar("T")


def cores() -> int:
    """The number of usable CPUs."""
    return len(os.sched_getaffinity(0))


def ordered(
    work: Callable[[Any], Any], items: Sequence[Any], workers: int, *, here: int = 0
) -> Iterator[Any]:
    """``work(item)`` of each item, computed by ``workers`` processes, or here if they cannot be created.

    As many of the workers as ``here`` are this process. Results must be supported by marshal: str, numbers,
    tuples, lists, dicts. Raises ModutilsError if a worker dies.
    """
    with _started(work, items, workers, workers - here) as pipes:
        for at, item in enumerate(items):
            lane = at % workers
            yield _received(pipes[lane]) if lane < len(pipes) else work(item)


def dealt(items: Sequence[T], workers: int) -> list[T]:
    """``items`` so that each worker of ``ordered`` gets blocks of neighbours."""
    lanes: list[list[T]] = [[] for _ in range(workers)]
    for at in range(0, len(items), BLOCK):
        lanes[at // BLOCK % workers] += items[at : at + BLOCK]
    return [lane[at] for at in range(max(map(len, lanes))) for lane in lanes if at < len(lane)]


def _received(pipe: BinaryIO) -> Any:
    """The next result; marshal.load itself would mistake an interrupt for the end of the file."""
    size = int.from_bytes(pipe.read(SIZE), "little")
    data = pipe.read(size)
    if not size or len(data) < size:
        raise ModutilsError(
            "worker", "a worker process died: see ulimit -v and the memory limit of the container"
        )
    return marshal.loads(data)  # noqa: S302 -- written by our own process


@contextmanager
def _started(
    work: Callable[[Any], Any], items: Sequence[Any], workers: int, processes: int
) -> Iterator[list[BinaryIO]]:
    pids, pipes = list[int](), list[BinaryIO]()
    try:
        for first in range(processes):
            try:
                reading, writing = os.pipe()
            except OSError:
                break  # out of descriptors
            pipes.append(os.fdopen(reading, "rb", BUFFER))
            try:
                pid = fork()
            except OSError:
                pipes.pop().close()
                os.close(writing)
                break  # out of processes
            if not pid:
                _close([pipe.fileno() for pipe in pipes])
                _serve(work, items[first::workers], writing)
            os.close(writing)
            pids.append(pid)
        yield pipes
    finally:
        for pipe in pipes:
            pipe.close()  # makes a worker that still writes fail
        for pid in pids:
            os.waitpid(pid, 0)


def _serve(work: Callable[[Any], Any], items: Sequence[Any], writing: int) -> None:
    """Write the result of each item and exit without the parent's clean-up."""
    status = 1
    try:
        widen(writing)
        with os.fdopen(writing, "wb", BUFFER) as pipe:
            for item in items:
                send(pipe, work(item))
        status = 0
    finally:
        os._exit(status)


def send(pipe: IO[bytes], result: Any) -> None:
    """Write ``result`` for the parent, after its length."""
    data = marshal.dumps(result)
    pipe.write(len(data).to_bytes(SIZE, "little") + data)


def fork() -> int:
    """os.fork with SIGINT ignored in the child, which the parent terminates.

    Signals are blocked meanwhile: an exception raised by a handler in fork's callbacks would be lost.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        pid = os.fork()
        if not pid:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            for number in (signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
        return pid
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _close(reading: list[int]) -> None:
    """Leave the parent as the only reader, so that writing fails after its end."""
    for fd in reading:
        os.close(fd)


def widen(pipe: int) -> None:
    """Raise the capacity of ``pipe`` to AHEAD, if the kernel permits."""
    try:
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, AHEAD)
    except OSError:
        pass  # limited for this user
