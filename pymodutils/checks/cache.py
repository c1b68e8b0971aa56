"""Cache of kernel descriptions, keyed by their sources.

The key of a file is its content, the kind that its name implies and the configurations next to it, not its
path; that of a directory, too large to be read, the paths, sizes, inodes, mtimes and ctimes of its files.
Entries are written to a temporary file and renamed, so processes may write concurrently. An entry is
trusted if it and its folder are accessible to this user only, and if its first line is the hash of its name
and content; the name is a hash of the key and the version.
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

VERSION: Final = 3  # format of the entries; a new one does not match old entries
OTHERS: Final = 0o077  # permissions that an entry must not have
OTHERS_WRITE: Final = 0o022  # that its folder must not have


def folder(kind: str = "descriptions") -> str:
    """The folder of the entries of ``kind``."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(home, "pymodutils", kind)


def describe(names: Sequence[str], root: Root, *, cached: bool) -> str:
    """The saved description of the kernel with the sources ``names``; raises as sources.describe."""
    if not cached or sources.RUNNING in names:
        return saved.dumps(sources.describe(names, root))
    path = f"{folder()}/{_key(names)}.json"
    text = kept(path)
    if text is None:
        text = saved.dumps(sources.describe(names, root))
        keep(path, text)
    return text


def seal(path: str, text: str) -> str:
    """The content of the entry ``path``: ``text`` after the hash of name and text."""
    name = os.path.basename(path)
    return f"{hashlib.sha256(f'{name} {text}'.encode('ascii')).hexdigest()}\n{text}"


def kept(path: str) -> str | None:
    """The text of the entry ``path``; None if it is absent, damaged or accessible to others."""
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
    """Whether ``found`` has this ``kind``, belongs to this user and has no ``forbidden`` permission."""
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
            if os.fstat(file.fileno()).st_size <= sources.LIMIT:  # else the description refuses it
                hashlib.file_digest(file, lambda: total)
    except (OSError, NotFound):
        total.update(b"absent")  # the description reports it


def _add_beside(total: hashlib._Hash, path: str) -> None:
    """Hash the configurations next to the image ``path`` that its description may use."""
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
    """Write ``text`` as the entry ``path``; failures to write are ignored."""
    place = os.path.dirname(path)
    try:
        os.makedirs(place, mode=0o700, exist_ok=True)
        writer.clear(place)
        writer.save(path, seal(path, text).encode("ascii"), mode=0o600)
    except (OSError, ModutilsError):
        pass
