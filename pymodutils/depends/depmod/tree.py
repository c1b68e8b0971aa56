"""Find the module files of a directory, and order them."""

from __future__ import annotations

import os
import stat
from errno import ELOOP
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.depends.depmod.config import BUILT_IN, EXTERNAL
from pymodutils.depends.depmod.files import PRE_ORDER
from pymodutils.errors import ModutilsError, NotFound
from pymodutils.names import EXTENSIONS, of_path
from pymodutils.regular import opener

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymodutils.depends.depmod.config import DepmodConfig
    from pymodutils.log import Log
    from pymodutils.root import Root

SKIPPED: Final = frozenset((".", "..", "build", "source"))
BUCKETS: Final = 512
_SUFFIXES: Final = frozenset(map(str.encode, EXTENSIONS))
MOST: Final = 65534  # modules; kmod stores their order in 16 bits
FIRST_FD: Final = 3
LOWEST: Final = (0, 0)  # rank


class IndexedModule(NamedTuple):
    """A module file with its names."""

    name: bytes
    path: str  # name in messages
    listed: bytes  # name in modules.dep: relative to the version directory, else absolute


def find(top: str, config: DepmodConfig, log: Log, root: Root) -> Walk:
    """A walk through ``top`` and the external directories; raises NotFound if ``top`` cannot be read."""
    walk = Walk(SKIPPED | config.excludes, log, root)
    if not os.path.isdir(top):
        walk.opened(top)
        raise NotFound(top, "could not search modules: No such file or directory")
    for place in (top, *config.externals):
        walk.directory(place)
    return walk


def existing(paths: Iterable[str]) -> list[str]:
    """``paths``, absolute ones given by the user; raises NotFound for a missing one."""
    for path in paths:
        if not path.startswith("/"):
            raise ModutilsError(path, f"{path}: not absolute path.")
        try:
            os.stat(path)
        except OSError as error:
            raise NotFound(path, f"could not create module {path}: {error.strerror}", error.errno) from None
    return list(paths)


def choose(
    top: str, paths: Iterable[str], config: DepmodConfig, log: Log, root: Root, *, compat: int
) -> list[IndexedModule]:
    """One module of each name from ``paths``, in the order used by all files."""
    found: dict[str, str] = {}
    ranking = Ranking(top, config)
    for path in paths:
        name = of_path(path)
        if name not in found or ranking.prefers(path, found[name]):
            found[name] = path
    if len(found) > MOST:
        raise ModutilsError(top, f"{len(found)} modules are too many: the database has room for {MOST}")
    modules = [_module(top, path, name, root) for name, path in found.items()]
    return order(top, modules, log, root, compat=compat)


class Walk:
    """Collects the paths of module files and directories in directory order; links stay within ``root``.

    ``steady`` means that the result is the same until one of these directories or files changes.
    Entries that cannot be examined are reported and skipped; so are links to a parent directory, which kmod
    follows until it runs out of descriptors.
    """

    def __init__(self, skipped: frozenset[str], log: Log, root: Root) -> None:
        self.skipped, self.log, self.root = skipped, log, root
        self.found: list[str] = []
        self.directories: list[str] = []
        self.steady = True

    def directory(self, path: str, above: tuple[str, ...] = ()) -> None:
        """Add the modules below ``path``, which has the parents ``above``."""
        here = (*above, path)
        self.directories.append(path)
        for entry in self.opened(path):
            if entry.name not in self.skipped:
                self._entry(entry, f"{path}/{entry.name}", here)

    def opened(self, path: str) -> list[os.DirEntry[str]]:
        """The entries of the directory ``path``; reports an error and is empty if it cannot be read."""
        try:
            with os.scandir(self.root.follow(path)) as entries:
                return list(entries)
        except OSError as error:
            self.log.error(f"could not open directory {path}: {error.strerror}")
            self.steady = False
            return []

    def _entry(self, entry: os.DirEntry[str], path: str, above: tuple[str, ...]) -> None:
        """Add ``entry`` or the modules below it; kmod's messages name directories by their descriptors."""
        try:
            kind = self._kind(entry, path, above)
        except OSError as error:  # ELOOP, ENOTDIR, ENAMETOOLONG, EACCES, EIO, ESTALE, ENOENT
            self.log.error(f"fstatat({FIRST_FD + len(above) - 1}, {entry.name}): {error.strerror}")
            self.steady = False
            return
        if kind == stat.S_IFDIR:
            self.directory(path, above)
        elif kind != stat.S_IFREG:
            self.log.error(f"unsupported file type {path}: {kind:o}")
            self.steady = False
        elif entry.name.endswith(EXTENSIONS):
            self.found.append(path)
        elif entry.is_symlink():  # its target may become a directory
            self.steady = False

    def _kind(self, entry: os.DirEntry[str], path: str, above: tuple[str, ...]) -> int:
        """The file type of ``entry``, through links; raises OSError."""
        if entry.is_file(follow_symlinks=False):
            return stat.S_IFREG
        if entry.is_dir(follow_symlinks=False):
            return stat.S_IFDIR
        is_link = entry.is_symlink()
        kind = stat.S_IFMT(os.stat(self.root.follow(path)).st_mode)
        if is_link and kind == stat.S_IFDIR and self._leads_back(path, above):
            raise OSError(ELOOP, os.strerror(ELOOP))
        return kind

    def _leads_back(self, link: str, above: tuple[str, ...]) -> bool:
        """Whether the target directory of ``link`` is one of its parents ``above``."""
        follow = self.root.follow
        try:
            return any(os.path.samefile(follow(link), follow(directory)) for directory in above)
        except OSError:
            return False  # opening it reports the reason


def _module(top: str, path: str, name: str, root: Root) -> IndexedModule:
    listed = path.removeprefix(f"{top}/")
    if listed == path:
        listed = root.inside(path)
    return IndexedModule(os.fsencode(name), path, os.fsencode(listed))


class SearchPlace(NamedTuple):
    """A directory of a search or external line."""

    prefix: str  # length of its path
    rank: tuple[int, int]  # rank of the word, and of the external directory among its kind
    external: bool


class Ranking:
    """Choose between two files of equal name: overrides first, then the rank of the directory."""

    def __init__(self, top: str, config: DepmodConfig) -> None:
        self.overrides = [f"{top}/{override}" for override in config.overrides]
        last = len(config.searches)
        ranks = [(word, last - at) for at, word in enumerate(config.searches)]
        self.built_in = max([(rank, 0) for word, rank in ranks if word == BUILT_IN], default=LOWEST)
        self.places: list[SearchPlace] = []
        for word, rank in reversed(ranks):
            if word == EXTERNAL:
                found = enumerate(config.externals)
                self.places += [SearchPlace(f"{path}/", (rank, at), external=True) for at, path in found]
            elif word != BUILT_IN:
                self.places.append(SearchPlace(f"{top}/{word}/", (rank, 0), external=False))

    def prefers(self, new: str, old: str) -> bool:
        """Whether the file ``new`` replaces ``old``."""
        stems = _stem(new), _stem(old)
        for override in self.overrides:
            if override in stems:
                return override == stems[0]
        ours = theirs = self.built_in
        for place in self.places:
            is_ours = new.startswith(place.prefix)
            if is_ours:
                ours = place.rank
            if old.startswith(place.prefix) and (place.external or not is_ours):
                theirs = place.rank
        return ours > theirs


def _stem(path: str) -> str:
    """``path`` up to the first dot of its last part."""
    at = path.rindex("/") + 1
    return path[:at] + path[at:].partition(".")[0]


def order(
    top: str, modules: list[IndexedModule], log: Log, root: Root, *, compat: int
) -> list[IndexedModule]:
    """``modules`` in the order of modules.order, followed by the others in the order of a hash table.

    Of two lines for one module, kmod before 34 uses the last, later releases the first.
    """
    lines = _lines_of_order(top, log, root)
    stems = {uncompressed(module): module for module in modules}
    if compat < PRE_ORDER:
        lines = list(reversed(dict.fromkeys(reversed(lines))))
    first = [stems[line] for line in dict.fromkeys(lines) if line in stems]
    if len(first) == len(modules):
        return first
    from pymodutils.depends.depmod import hash as superfast  # noqa: PLC0415 -- distributions list all modules

    taken = {module.name for module in first}
    rest = {module.name: module for module in modules if module.name not in taken}
    return first + [rest[name] for name in superfast.ordered(rest, BUCKETS)]


def _lines_of_order(top: str, log: Log, root: Root) -> list[bytes]:
    try:
        with open(root.follow(f"{top}/modules.order"), "rb", opener=opener) as file:
            text = file.read()
    except OSError as error:
        log.warning(f"could not open modules.order at {top}: {error.strerror}")
        return []
    lines = text.split(b"\n")
    if lines.pop():
        log.error(f"{top}/modules.order:{len(lines) + 1} corrupted line misses '\\n'")
        return []
    return lines


def uncompressed(module: IndexedModule) -> bytes:
    """The name of ``module`` in modules.order; kmod does not find names that contain a dot."""
    at = module.listed.rfind(b"/") + 1
    return module.listed[: at + len(module.name)] + b".ko" if _has_plain_name(module, at) else b"\n"


def _has_plain_name(module: IndexedModule, at: int) -> bool:
    return module.listed[at + len(module.name) :] in _SUFFIXES
