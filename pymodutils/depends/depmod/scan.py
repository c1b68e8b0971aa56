"""Read the facts of every module, with one process per CPU."""

from __future__ import annotations

import errno
import os
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.depends.depmod.team import Team
from pymodutils.elf import compress
from pymodutils.elf.facts import Facts
from pymodutils.elf.gather import gather
from pymodutils.elf.scan import Elf
from pymodutils.errors import BadModule, ModutilsError, reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

CHUNK: Final = 8  # modules per task
SHORT: Final = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)  # may succeed after others have ended
PLAIN: Final = ".ko"
FEW: Final = 64  # modules that can be read in the time of creating a process


Chunk = tuple[int, list[tuple[tuple[bytes, ...], int, str]]]  # index of the first module, values of Scanned


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
    with Team(partial(_chunk, paths), -(-len(paths) // CHUNK)) as team:
        meanwhile()
        for task in team.taken():
            start = task * CHUNK
            chunk = [examine(path) for path in paths[start : start + CHUNK]]
            found[start : start + CHUNK] = chunk
            _fill(found, team.ready())
            progress(start + len(chunk))
        _fill(found, team.rest())


def _chunk(paths: Sequence[str], task: int) -> Chunk:
    start = task * CHUNK
    chunk = map(examine, paths[start : start + CHUNK])
    return start, [(tuple(facts), error, why) for facts, error, why in chunk]


def _fill(found: list[Scanned | None], chunks: Iterable[Chunk]) -> None:
    for start, values in chunks:
        found[start : start + CHUNK] = [Scanned(Facts(*facts), error, why) for facts, error, why in values]


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
