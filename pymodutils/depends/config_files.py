"""Which files configure modprobe, and in which order: the first directory that has a name wins it."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from pymodutils.depends import cmdline
from pymodutils.depends.config import WEAKDEP_SINCE, Config
from pymodutils.regular import REFUSED, is_regular
from pymodutils.root import Root

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.depends.config import Report

DIRECTORIES: Final = (
    "/etc/modprobe.d",
    "/run/modprobe.d",
    "/usr/local/lib/modprobe.d",
    "/usr/lib/modprobe.d",
    "/lib/modprobe.d",
)
USR_LIB_SINCE: Final = 32
ALIAS_FILES_UNTIL: Final = 32
HERE: Final = Root()
_FILTER: Final = "conf_files_filter_out"  # the words of kmod name its function


def load(root: Root, directory: str, paths: Sequence[str], report: Report, release: int = 34) -> Config:
    """The configuration for the module directory ``directory``, as this ``release`` of kmod finds it.

    ``paths`` (files or directories) replace the default ones. ``report`` hears what kmod prints before
    it can do anything else.
    """
    config = Config()
    for path in files(paths or defaults(root, release), directory, report, release, root):
        config.read(path, report, release)
    cmdline.read(config, root, report)
    return config


def defaults(root: Root, release: int = 34) -> list[str]:
    """The directories that are searched when none is given."""
    wanted = (path for path in DIRECTORIES if path != "/usr/lib/modprobe.d" or release >= USR_LIB_SINCE)
    return [root.path(path) for path in wanted]


def files(
    paths: Sequence[str], directory: str, report: Report, release: int = 34, root: Root = HERE
) -> list[str]:
    """Every file to read, sorted by its name whatever its directory.

    The module directory's own modules.softdep and modules.weakdep stand in line under these names.
    """
    found: dict[str, str] = {}
    for own in ("modules.softdep", "modules.weakdep")[: 2 if release >= WEAKDEP_SINCE else 1]:
        file = root.follow(f"{directory}/{own}")
        if not os.path.exists(file) or _is_read(file, report):
            found[own] = file
    for path in paths:
        for name, file in _named(path, report, release, root):
            found.setdefault(name, file)
    return [found[name] for name in sorted(found, key=os.fsencode)]


def _named(path: str, report: Report, release: int, root: Root) -> Iterator[tuple[str, str]]:
    """(name, path) of each file that ``path``, a directory or a file of any name, brings."""
    endings = (".conf", ".alias") if release <= ALIAS_FILES_UNTIL else (".conf",)
    try:
        names = os.listdir(path)
    except NotADirectoryError:
        yield os.path.basename(path), path
        return
    except OSError:
        return
    for name in names:
        if not name.startswith(".") and name.endswith(endings):
            file = _file(f"{path}/{name}", report, root)
            if file:
                yield name, file


def _file(path: str, report: Report, root: Root) -> str:
    """Where ``path`` leads, "" if that is no file."""
    try:
        file = root.follow(path)
        mode = os.stat(file).st_mode
    except OSError:
        report(f"{_FILTER}: Cannot stat directory entry: {path}")
        return ""
    if stat.S_ISDIR(mode):
        report(f"{_FILTER}: Directories inside directories are not supported: {path}")
        return ""
    return file if _is_read(file, report) else ""


def _is_read(path: str, report: Report) -> bool:
    """Whether the file that ``path`` leads to is one to read; else it is reported."""
    if is_regular(os.stat(path)):
        return True
    report(f"{_FILTER}: {REFUSED}: {path}")
    return False
