"""Descriptions of kernels that were made before, by what they were made from.

A file counts by its content and what its name says it is, wherever it lies, with the configurations beside
it; a directory, which has too much to be read, by the paths, sizes, inodes and both times of what is in it.
Entries are written to a temporary file and renamed, so any number of processes may do so at once. One is
believed if it and the folder are ours alone, and if its first line is the hash of its name and content: the
name is a hash of what the description was made from and by.
"""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING, Final

from pymodutils import writer
from pymodutils.elf import compress
from pymodutils.errors import ModutilsError, NotFound
from pymodutils.kernel import saved
from pymodutils.kernel.sources import source as sources
from pymodutils.kernel.sources.files import kind_of
from pymodutils.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.root import Root

VERSION: Final = 3  # of what descriptions hold; a new one leaves old entries alone
CHUNK: Final = 1 << 20
OTHERS: Final = 0o077  # permissions that an entry does not have
OTHERS_WRITE: Final = 0o022  # nor its folder


def folder(kind: str = "descriptions") -> str:
    """Where the entries of ``kind`` are."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(home, "pymodutils", kind)


def describe(names: Sequence[str], root: Root, *, cached: bool) -> str:
    """The saved description of the kernel that ``names`` tell of; raises as sources.describe."""
    if not cached or sources.RUNNING in names:
        return saved.dumps(sources.describe(names, root))
    path = f"{folder()}/{_key(names)}.json"
    text = kept(path)
    if text is None:
        text = saved.dumps(sources.describe(names, root))
        keep(path, text)
    return text


def seal(path: str, text: str) -> str:
    """``text`` as the entry ``path``: after a line that belongs to this name and content alone."""
    name = os.path.basename(path)
    return f"{hashlib.sha256(f'{name} {text}'.encode('ascii')).hexdigest()}\n{text}"


def kept(path: str) -> str | None:
    """The text of the entry ``path``; None if it is absent, damaged or not ours alone."""
    try:
        if not _is_ours(os.stat(os.path.dirname(path)), stat.S_IFDIR, OTHERS_WRITE):
            return None
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(fd, encoding="ascii") as file:
            if not _is_ours(os.fstat(fd), stat.S_IFREG, OTHERS):
                return None
            entry = file.read()
    except (OSError, UnicodeError):
        return None
    text = entry.partition("\n")[2]
    return text if seal(path, text) == entry else None


def _is_ours(found: os.stat_result, kind: int, forbidden: int) -> bool:
    """Whether ``found`` is of this ``kind`` and user, and has none of the ``forbidden`` permissions."""
    mode = found.st_mode
    return stat.S_IFMT(mode) == kind and found.st_uid == os.geteuid() and not mode & forbidden


def _key(names: Sequence[str]) -> str:
    total = hashlib.sha256(f"{__version__} {VERSION} {saved.VERSION}".encode())
    for name in names:
        path = os.path.abspath(name)
        if os.path.isdir(path):
            _add_folder(total, path)
        else:
            total.update(f"\0{kind_of(path)}\0".encode())
            _add_file(total, path)
            _add_beside(total, path)
    return total.hexdigest()


def _add_file(total: hashlib._Hash, path: str) -> None:
    try:
        with compress.regular(path) as file:
            while part := file.read(CHUNK):
                total.update(part)
    except (OSError, NotFound):
        total.update(b"absent")  # describing it will say so


def _add_beside(total: hashlib._Hash, path: str) -> None:
    """The configurations that a description of the image ``path`` may take from its folder."""
    place = os.path.dirname(path)
    for name in sorted(os.listdir(place) if os.path.isdir(place) else ()):
        if name.startswith("config-"):
            total.update(os.fsencode(name))
            _add_file(total, f"{place}/{name}")


def _add_folder(total: hashlib._Hash, path: str) -> None:
    for top, folders, files in os.walk(path):
        folders.sort()
        for name in sorted(files):
            try:
                found = os.stat(f"{top}/{name}")
            except OSError:
                continue
            total.update(b"\0" + os.fsencode(f"{top}/{name}") + b"\0")
            total.update(f"{found.st_size} {found.st_ino} {found.st_mtime_ns} {found.st_ctime_ns}".encode())


def keep(path: str, text: str) -> None:
    """Write ``text`` as the entry ``path``; a cache that cannot be written is none."""
    place = os.path.dirname(path)
    try:
        os.makedirs(place, mode=0o700, exist_ok=True)
        writer.clear(place)
        writer.save(path, seal(path, text).encode("ascii"), mode=0o600)
    except (OSError, ModutilsError):
        pass
