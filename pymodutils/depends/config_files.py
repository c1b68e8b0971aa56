"""Find the configuration files of modprobe: of equal names, the first directory takes precedence."""

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
_FILTER: Final = "conf_files_filter_out"  # kmod's message contains its function's name


def load(root: Root, directory: str, paths: Sequence[str], report: Report, release: int = 34) -> Config:
    """The configuration for the module directory ``directory``, as for this ``release`` of kmod.

    ``paths`` (files or directories) replace the default ones. ``report`` is called with the messages that
    kmod prints at first.
    """
    config = Config()
    for path in files(paths or defaults(root, release), directory, report, release, root):
        config.read(path, report, release)
    cmdline.read(config, root, report)
    return config


def defaults(root: Root, release: int = 34) -> list[str]:
    """The directories that are searched by default."""
    wanted = (path for path in DIRECTORIES if path != "/usr/lib/modprobe.d" or release >= USR_LIB_SINCE)
    return [root.path(path) for path in wanted]


def files(
    paths: Sequence[str], directory: str, report: Report, release: int = 34, root: Root = HERE
) -> list[str]:
    """Every file to read, sorted by name across directories.

    The module directory's modules.softdep and modules.weakdep are sorted among them.
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
    """(name, path) of each file in ``path``, a directory, or of ``path`` itself, a file of any name."""
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
    """The target of ``path``; "" if it is not a file."""
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
