"""Facts of modules kept from one run to the next, and the rule when they may be believed.

A file is known by its path, size, times, inode and device. That is not enough by itself: clocks tick
in milliseconds, and a file can change twice in one tick. So, as git does with its index, an entry is
believed only if the file's times were long past when the run that wrote the cache began. File systems
whose times or inodes mean less (network, overlay, images that are mounted read-only) are not trusted.

The file is flat: a head (lengths, stamps, paths, settings, outputs) and a body (the facts), each with a
checksum, so that a run which finds nothing changed reads the head alone.
"""

from __future__ import annotations

import os
import stat
from array import array
from itertools import accumulate, pairwise
from struct import Struct, error
from typing import TYPE_CHECKING, Final, NamedTuple
from zlib import crc32

from pymodutils import writer
from pymodutils.elf.facts import Facts

if TYPE_CHECKING:
    from collections.abc import Iterable

STORE: Final = "/var/cache/pymodutils"
FORMAT: Final = "pymodutils {} depmod cache 1\n"  # with the version of the program that wrote it
SETTLED: Final = 2_000_000_000  # ns after which no clock's tick is still the same
STAMP: Final = 6  # numbers in a stamp: size, mtime, ctime, inode, device, mode
FIELDS: Final = len(Facts._fields)
TRUSTED: Final = frozenset((b"ext4", b"xfs", b"btrfs", b"f2fs", b"tmpfs"))
MOUNTS: Final = "/proc/self/mountinfo"
HEAD: Final = Struct("=48sQ6QII")  # FORMAT, since, the lengths of what follows, checksums of head and body
_WORD: Final = 0xFFFFFFFF
_POSITIVE: Final = (1 << 63) - 1


class Contents(NamedTuple):
    """What a run leaves to the next one."""

    since: int  # ns: when the run began
    paths: bytes  # of all module files, a NUL behind each, in the directories' order
    stamps: array[int]  # of these files
    lengths: array[int]  # of the fields of each one's facts; all zero and no stamp if there are none
    settings: bytes  # all that the database depends on beside the modules
    outputs: bytes  # stamps and checksum of the database's files; empty if they may not be reused
    body: bytes  # the fields one after the other
    checksum: int = 0  # of the body, which facts() verifies


def path_of(release: str) -> str:
    """Where the cache of this machine's own modules is."""
    return f"{STORE}/depmod-{release}"


def stamp(status: os.stat_result) -> tuple[int, ...]:
    """What tells one state of a file from another."""
    return (
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_ino & _POSITIVE,
        status.st_dev,
        stat.S_IFMT(status.st_mode),
    )


def stamps(paths: Iterable[str]) -> array[int]:
    """The stamps of ``paths``; zeros for what is not there."""
    found: list[int] = []
    look = os.stat
    for path in paths:
        try:
            found += stamp(look(path))
        except OSError:
            found += (0,) * STAMP
    return array("q", found)


def settled(found: array[int], since: int) -> bool:
    """Whether all stamps in ``found`` were long past at ``since``."""
    return max(max(found[1::STAMP], default=0), max(found[2::STAMP], default=0)) < since - SETTLED


def believable(contents: Contents, at: int, now: array[int]) -> bool:
    """Whether entry ``at`` of ``contents`` still speaks of the file that has the stamp ``now``."""
    known = contents.stamps[at * STAMP : at * STAMP + STAMP]
    return known == now and any(now) and max(now[1], now[2]) < contents.since - SETTLED


def facts(contents: Contents) -> dict[bytes, tuple[int, Facts]]:
    """The number of the entry, and the facts, of each path in ``contents`` that has facts."""
    if crc32(contents.body) != contents.checksum:
        return {}
    ends = list(accumulate(contents.lengths, initial=0))
    body, found = contents.body, {}
    for at, path in enumerate(contents.paths.split(b"\0")[:-1]):
        if contents.stamps[at * STAMP + STAMP - 1]:
            bounds = ends[at * FIELDS : at * FIELDS + FIELDS + 1]
            found[path] = at, Facts(*[body[start:end] for start, end in pairwise(bounds)])
    return found


def load(path: str, version: str) -> Contents | None:
    """The cache in ``path``; None if it is absent, not ours alone, damaged or of another ``version``."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        status = os.fstat(fd)
        ours = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o077
        data = os.pread(fd, status.st_size, 0) if ours else b""
    finally:
        os.close(fd)
    return _parsed(data, _magic(version))


def _magic(version: str) -> bytes:
    return FORMAT.format(version).encode().ljust(48, b"\0")


def _parsed(data: bytes, expected: bytes) -> Contents | None:
    try:
        magic, since, *lengths, head, body = HEAD.unpack_from(data)
    except error:
        return None
    bounds = list(accumulate(lengths, initial=HEAD.size))
    if magic != expected or bounds[-1] != len(data):
        return None
    if crc32(memoryview(data)[HEAD.size : bounds[-2]], since & _WORD) != head:
        return None
    parts = [data[start:end] for start, end in pairwise(bounds)]
    paths, stamps, fields, settings, outputs, rest = parts
    return Contents(since, paths, array("q", stamps), array("Q", fields), settings, outputs, rest, body)


def save(path: str, contents: Contents, version: str) -> None:
    """Put ``contents`` into the file ``path``; raises ModutilsError."""
    stamped, fields = contents.stamps.tobytes(), contents.lengths.tobytes()
    parts = [contents.paths, stamped, fields, contents.settings, contents.outputs, contents.body]
    head = crc32(b"".join(parts[:-1]), contents.since & _WORD)
    start = HEAD.pack(_magic(version), contents.since, *map(len, parts), head, crc32(contents.body))
    writer.save(path, b"".join([start, *parts]), mode=0o600)


def is_trusted(directory: str) -> bool:
    """Whether the file system of ``directory`` keeps times and inodes that mean something, and can change.

    What this process sees is what it has mounted, below a sysroot too.
    """
    try:
        with open(MOUNTS, "rb") as file:
            lines = [line.split(b" ") for line in file]
    except OSError:
        return False
    place = os.fsencode(os.path.realpath(directory)) + b"/"
    best, trusted = -1, False
    for words in lines:
        point = words[4].replace(b"\\040", b" ").rstrip(b"/") + b"/"
        if place.startswith(point) and len(point) >= best:
            kind = words[words.index(b"-") + 1]
            best, trusted = len(point), kind in TRUSTED and b"ro" not in words[5].split(b",")
    return trusted
