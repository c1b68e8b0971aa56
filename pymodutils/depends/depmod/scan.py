"""Read the facts of every module, with one process per CPU."""

from __future__ import annotations

import errno
import os
import sys
from array import array
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.elf import compress
from pymodutils.elf.facts import Facts, gather
from pymodutils.elf.scan import Elf
from pymodutils.errors import BadModule, ModutilsError, reason
from pymodutils.parallel import Child, cores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

CHUNK: Final = 8  # modules per task
PIPE: Final = 65536  # capacity of a pipe in bytes
SHORT: Final = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)  # may succeed after others have ended
PLAIN: Final = ".ko"
FEW: Final = 64  # modules that can be read in the time of creating a process


Chunks = list[
    tuple[int, list[tuple[tuple[bytes, ...], int, str]]]
]  # index of the first module, values of Scanned


class Scanned(NamedTuple):
    """The facts of a module, and why they are incomplete: an errno, or 0, and a message, if any."""

    facts: Facts
    error: int
    why: str = ""


def scan(
    paths: Sequence[str], meanwhile: Callable[[], object], progress: Callable[[int], object]
) -> list[Scanned]:
    """The facts of the modules ``paths``; ``meanwhile`` is called while other processes work.

    ``progress`` is called with the number of modules done.
    """
    found: list[Scanned | None] = [None] * len(paths)
    if len(paths) <= FEW:
        meanwhile()
    else:
        _share(paths, found, meanwhile, progress)
    return [
        each if each and each.error not in SHORT else _alone(path)
        for each, path in zip(found, paths, strict=True)
    ]


def _alone(path: str) -> Scanned:
    """``examine`` in this process; raises ModutilsError if descriptors still run out."""
    scanned = examine(path)
    if scanned.error in (errno.EMFILE, errno.ENFILE):
        why = reason(OSError(scanned.error, os.strerror(scanned.error)))
        raise ModutilsError(path, f"could not open {path}: {why}", scanned.error)
    return scanned


def _share(
    paths: Sequence[str],
    found: list[Scanned | None],
    meanwhile: Callable[[], object],
    progress: Callable[[int], object],
) -> None:
    """Fill ``found`` together with other processes, as far as they can be created and do not die."""
    with ExitStack() as stack:
        tasks, children = _readers(paths, stack)
        meanwhile()
        for start, chunk in _chunks(paths, tasks):
            found[start : start + len(chunk)] = chunk
            progress(start + len(chunk))
        for child in children:
            for start, values in child.result(instead=[]):
                found[start : start + len(values)] = [
                    Scanned(Facts(*facts), error, why) for facts, error, why in values
                ]


def _readers(paths: Sequence[str], stack: ExitStack) -> tuple[int, list[Child[Chunks]]]:
    """The tasks, and processes for the other processors that read ``paths``, terminated with ``stack``."""
    tasks, children = -1, list[Child[Chunks]]()
    try:
        tasks = _tasks(len(paths))
        stack.callback(os.close, tasks)
        work = partial(_work, paths, tasks)
        children.extend(stack.enter_context(Child(work)) for _ in range(cores() - 1))
    except OSError:  # out of processes or descriptors
        pass
    return tasks, children


def _tasks(count: int) -> int:
    """The read end of a pipe with the indexes of the first modules of all chunks."""
    reader, writer = os.pipe()
    starts = array("I", range(0, count, CHUNK)).tobytes()
    if os.write(writer, starts[:PIPE]) != len(starts):
        raise ModutilsError("depmod", f"{count} modules are too many to share out")
    os.close(writer)
    return reader


def _work(paths: Sequence[str], tasks: int) -> Chunks:
    """The results of the chunks that this process takes: their start, and the values of Scanned."""
    return [
        (start, [(tuple(facts), error, why) for facts, error, why in chunk])
        for start, chunk in _chunks(paths, tasks)
    ]


def _chunks(paths: Sequence[str], tasks: int) -> Iterator[tuple[int, list[Scanned]]]:
    """The index of the first module and the results of each chunk that this process takes."""
    while tasks >= 0 and (word := os.read(tasks, 4)):
        start = int.from_bytes(word, sys.byteorder)
        yield start, [examine(path) for path in paths[start : start + CHUNK]]


def examine(path: str) -> Scanned:
    """The facts of the module ``path``, as far as it can be read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        return Scanned(Facts(), error.errno or errno.EIO)
    try:
        return Scanned(gather(_elf(fd, path)), 0)
    except BadModule as error:
        return Scanned(Facts(), error.errno, error.why)
    except OSError as error:
        return Scanned(Facts(), error.errno or errno.EIO)
    except MemoryError:
        return Scanned(Facts(), errno.ENOMEM)
    finally:
        os.close(fd)


def _elf(fd: int, path: str) -> Elf:
    """The open module; the name only decides what is tried first."""
    if path.endswith(PLAIN):
        try:
            return Elf(b"", path, fd=fd)
        except BadModule as error:
            if error.errno != errno.ENOEXEC:
                raise
    data = compress.read_all(fd)
    compress.check_length(data, path)
    return Elf(compress.decompress(data, path), path)
