"""The facts of every module, gathered by as many processes as there are processors."""

from __future__ import annotations

import errno
import os
import sys
from array import array
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.elf import compress
from pymodutils.elf.facts import Facts, gather
from pymodutils.elf.scan import Elf
from pymodutils.errors import BadModule, ModutilsError
from pymodutils.parallel import Child, cores

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CHUNK: Final = 24  # modules that a process takes at a time
PIPE: Final = 65536  # bytes that a pipe holds before anyone reads
FEW: Final = 64  # modules that are read sooner than another process is made


class Scanned(NamedTuple):
    """Facts of a module, and why they are not all of them: an errno, or 0, and the words for it, if any."""

    facts: Facts
    error: int
    why: str = ""


def scan(
    paths: Sequence[str], meanwhile: Callable[[], object], progress: Callable[[int], object]
) -> list[Scanned]:
    """The facts of the modules ``paths``; ``meanwhile`` is called while others do the work.

    ``progress`` is called with the number of modules done, now and then.
    """
    if len(paths) <= FEW:
        meanwhile()
        return [examine(path) for path in paths]
    with ExitStack() as stack:
        tasks, ticks = _tasks(len(paths)), os.pipe()
        children = [stack.enter_context(Child(lambda: _work(paths, tasks, ticks[1]))) for _ in range(cores())]
        os.close(ticks[1])
        meanwhile()
        done = 0
        while tick := os.read(ticks[0], 4096):
            done += len(tick) * CHUNK
            progress(min(done, len(paths)))
        os.close(ticks[0])
        os.close(tasks)
        found: list[Scanned | None] = [None] * len(paths)
        for child in children:
            for start, chunk in child.result():
                found[start : start + len(chunk)] = [
                    Scanned(Facts(*facts), error, why) for facts, error, why in chunk
                ]
    if None in found:
        raise ModutilsError("depmod", "a helper process did not finish its work")
    return [each for each in found if each]


def _tasks(count: int) -> int:
    """The reading end of a pipe that holds the numbers of the first modules of all chunks."""
    reader, writer = os.pipe()
    starts = array("I", range(0, count, CHUNK)).tobytes()
    if os.write(writer, starts[:PIPE]) != len(starts):
        raise ModutilsError("depmod", f"{count} modules are too many to share out")
    os.close(writer)
    return reader


def _work(
    paths: Sequence[str], tasks: int, ticks: int
) -> list[tuple[int, list[tuple[tuple[bytes, ...], int, str]]]]:
    """What one process makes of the chunks that it gets hold of: their start, and the values of Scanned."""
    found = []
    while word := os.read(tasks, 4):
        start = int.from_bytes(word, sys.byteorder)
        chunk = [examine(path) for path in paths[start : start + CHUNK]]
        found.append((start, [(tuple(facts), error, why) for facts, error, why in chunk]))
        os.write(ticks, b".")
    return found


def examine(path: str) -> Scanned:
    """What the module ``path`` says, as far as it can be read."""
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
    finally:
        os.close(fd)


def _elf(fd: int, path: str) -> Elf:
    """The open module; most are not compressed, which the first look at the magic number tells."""
    try:
        return Elf(b"", path, fd=fd)
    except BadModule as error:
        if error.errno != errno.ENOEXEC:
            raise
        data = compress.long_enough(compress.read_all(fd), path)
        if not compress.packing_of(data):
            raise
    return Elf(compress.decompress(data, path), path)
