"""The cache file: facts of modules from earlier runs, and the rule for trusting them.

A file is identified by path, size, times, inode and device. That is insufficient by itself: clocks tick
in milliseconds, and a file can change twice in one tick. So, as in git's index, an entry is trusted only
if the file's times were well past when the run that wrote the cache began. File systems with unreliable
times or inodes (network, overlay, read-only mounts of images) are not trusted.

The file is flat: a head (lengths, stamps, paths, settings, outputs) and a body (the facts), each with a
checksum, so that a run with unchanged inputs reads only the head. Of unchanged directories, not even the
entries are read.
"""

from __future__ import annotations

import os
import stat
from array import array
from itertools import accumulate, pairwise
from operator import attrgetter
from struct import Struct, error
from typing import TYPE_CHECKING, Final, NamedTuple
from zlib import crc32

from pymodutils import writer
from pymodutils.elf.facts import Facts

if TYPE_CHECKING:
    from collections.abc import Iterable

STORE: Final = "/var/cache/pymodutils"
FORMAT: Final = "pymodutils {} depmod cache 2\n"  # with the version of the program
SETTLED: Final = 2_000_000_000  # ns, longer than the tick of any clock
STAMP: Final = 6  # numbers in a stamp: size, mtime, ctime, inode, device, file type
DEVICE, KIND = 4, 5
FIELDS: Final = len(Facts._fields)
TRUSTED: Final = frozenset((b"ext4", b"xfs", b"btrfs", b"f2fs", b"tmpfs"))
MOUNTS: Final = "/proc/self/mountinfo"
HEAD: Final = Struct("=48sQ8QII")  # FORMAT, since, lengths of the following parts, checksums of head and body
_VALUES: Final = attrgetter("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino", "st_dev", "st_mode")
_WORD: Final = 0xFFFFFFFF
_POSITIVE: Final = (1 << 63) - 1


class Contents(NamedTuple):
    """The data that a run keeps for the next one."""

    since: int  # ns: start of the run
    directories: bytes  # that were searched, NUL-terminated; empty if they must be searched again
    places: array[int]  # stamps of these directories
    paths: bytes  # of all module files, NUL-terminated, in directory order
    stamps: array[int]  # of these files
    lengths: array[int]  # lengths of the fields of each file's facts; all zero and no stamp if there are none
    settings: bytes  # inputs of the database other than modules
    outputs: bytes  # stamps and checksum of the database's files; empty if they must not be reused
    body: bytes  # the concatenated fields
    checksum: int = 0  # of the body, which facts() verifies


def path_of(release: str) -> str:
    """The path of the cache for the machine's own modules."""
    return f"{STORE}/depmod-{release}"


def stamps(paths: Iterable[str], top: str = "") -> array[int]:
    """The stamps of ``paths``, the values that identify the states of files; zeros for missing ones.

    Those below the directory ``top`` are looked up from there, which takes a sixth less time.
    """
    found: list[int] = []
    look, start = os.stat, f"{top}/"
    directory = _opened(top) if top else None
    below = len(start) if directory is not None else 0
    for path in paths:
        name = path[below:].lstrip("/") or path if below and path.startswith(start) else path
        try:
            found += _VALUES(look(name, dir_fd=directory))
        except OSError:
            found += (0,) * STAMP
    if directory is not None:
        os.close(directory)
    found[3::STAMP] = map(_POSITIVE.__and__, found[3::STAMP])
    found[5::STAMP] = map(stat.S_IFMT, found[5::STAMP])
    return array("q", found)


def _opened(directory: str) -> int | None:
    try:
        return os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None


def settled(found: array[int], since: int) -> bool:
    """Whether all times in ``found`` were well past at ``since``."""
    return max(max(found[1::STAMP], default=0), max(found[2::STAMP], default=0)) < since - SETTLED


def believable(contents: Contents, at: int, now: array[int]) -> bool:
    """Whether entry ``at`` of ``contents`` is valid for a file with the stamp ``now``."""
    known = contents.stamps[at * STAMP : at * STAMP + STAMP]
    return known == now and any(now) and max(now[1], now[2]) < contents.since - SETTLED


def facts(contents: Contents) -> dict[bytes, tuple[int, Facts]]:
    """The entry number and facts of each path in ``contents`` that has facts."""
    if not is_sound(contents):
        return {}
    ends = list(accumulate(contents.lengths, initial=0))
    body, found = contents.body, {}
    for at, path in enumerate(contents.paths.split(b"\0")[:-1]):
        if has_facts(contents, at):
            bounds = ends[at * FIELDS : at * FIELDS + FIELDS + 1]
            found[path] = at, Facts(*[body[start:end] for start, end in pairwise(bounds)])
    return found


def has_facts(contents: Contents, at: int) -> bool:
    """Whether there are facts of file ``at``."""
    return contents.stamps[at * STAMP + KIND] != 0


def facts_of(contents: Contents, at: int) -> Facts:
    """The facts of file ``at``."""
    first = at * FIELDS
    lengths = contents.lengths[first : first + FIELDS]
    ends = accumulate(lengths, initial=sum(contents.lengths[:first]))
    return Facts(*[contents.body[start:end] for start, end in pairwise(ends)])


def is_sound(contents: Contents) -> bool:
    """Whether the body of ``contents``, which was read as a whole, is undamaged."""
    return crc32(contents.body) == contents.checksum


def load(path: str, version: str, *, whole: bool = True) -> Contents | None:
    """The cache in ``path``; None if missing, accessible to others, damaged or of another ``version``.

    Unless ``whole``, its body is not read, and is empty.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        status = os.fstat(fd)
        ours = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o077
        return _read(fd, status.st_size, _magic(version), whole=whole) if ours else None
    finally:
        os.close(fd)


def _magic(version: str) -> bytes:
    return FORMAT.format(version).encode().ljust(48, b"\0")


def _read(fd: int, size: int, expected: bytes, *, whole: bool) -> Contents | None:
    start = os.pread(fd, HEAD.size, 0)
    try:
        magic, since, *lengths, head, body = HEAD.unpack(start)
    except error:
        return None
    if magic != expected or HEAD.size + sum(lengths) != size:
        return None
    before = sum(lengths[:-1])
    data = os.pread(fd, before, HEAD.size)
    if len(data) != before or crc32(data, since & _WORD) != head:
        return None
    bounds = pairwise(accumulate(lengths[:-1], initial=0))
    directories, places, paths, stamps, fields, settings, outputs = (data[start:end] for start, end in bounds)
    rest = os.pread(fd, lengths[-1], HEAD.size + before) if whole else b""
    return Contents(
        since,
        directories,
        array("q", places),
        paths,
        array("q", stamps),
        array("Q", fields),
        settings,
        outputs,
        rest,
        body,
    )


def save(path: str, contents: Contents, version: str, *, checksum: int | None = None) -> None:
    """Write ``contents``, whose body may have a known ``checksum``, to ``path``; raises ModutilsError."""
    since, directories, places, paths, stamped, lengths, settings, outputs, facts_of_all, _ = contents
    parts = [directories, places.tobytes(), paths, stamped.tobytes(), lengths.tobytes()]
    parts += settings, outputs, facts_of_all
    head = crc32(b"".join(parts[:-1]), since & _WORD)
    body = crc32(contents.body) if checksum is None else checksum
    start = HEAD.pack(_magic(version), since, *map(len, parts), head, body)
    writer.save(path, b"".join([start, *parts]), mode=0o600, flush=False)


def is_trusted(directory: str) -> bool:
    """Whether the file system of ``directory`` is writable and has reliable times and inodes.

    The mounts are those of this process, below a sysroot too.
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
