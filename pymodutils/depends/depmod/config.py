"""depmod.d: where to search for modules, and which of several with the same name to use."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils import libc
from pymodutils.regular import REFUSED, is_regular

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.log import Log
    from pymodutils.root import Root

MERGED: Final = "/usr/lib/depmod.d"
MERGED_SINCE: Final = 32  # the first version of kmod that searches it
DIRECTORIES: Final = (
    "/etc/depmod.d",
    "/run/depmod.d",
    "/usr/local/lib/depmod.d",
    MERGED,
    "/lib/depmod.d",
)
BUILT_IN: Final = "built-in"
EXTERNAL: Final = "external"


class DepmodConfig(NamedTuple):
    """The combined configuration."""

    searches: tuple[str, ...] = ("updates",)  # relative to the version directory, in descending priority
    overrides: tuple[str, ...] = ()  # SUBDIR/MODULE, the latest definition first
    externals: tuple[str, ...] = ()  # absolute directories, the latest definition first
    excludes: frozenset[str] = frozenset()  # names of files and directories
    files: tuple[str, ...] = ()  # the files read


def directories(root: Root, compat: int) -> list[str]:
    """The default configuration directories of kmod ``compat``."""
    return [root.path(each) for each in DIRECTORIES if each != MERGED or compat >= MERGED_SINCE]


def read(paths: Sequence[str], release: str, log: Log, root: Root) -> DepmodConfig:
    """The configuration in ``paths`` for the kernel ``release``; links are resolved within ``root``."""
    searches: list[str] = []
    overrides: list[str] = []
    externals: list[str] = []
    excludes: list[str] = []
    files = find(paths, log, root)
    for where, words in _lines(files, log):
        match words:
            case ["search", *places]:
                searches += places
            case ["override", module, version, subdirectory, *_]:
                if _matches(version, release):
                    overrides.insert(0, f"{subdirectory}/{module}")
            case ["external", version, directory, *_]:
                if _matches(version, release):
                    externals.insert(0, _placed(directory, root))
            case ["exclude", *names]:
                excludes += names
            case ["include" | "make_map_files", *_]:
                pass
            case _:
                log.error(f"{where}: ignoring bad line starting with '{words[0]}'")
    return DepmodConfig(
        tuple(searches) or ("updates",), tuple(overrides), tuple(externals), frozenset(excludes), tuple(files)
    )


def find(paths: Sequence[str], log: Log, root: Root) -> list[str]:
    """The files in ``paths``, sorted by name across directories; the first of equal names is used."""
    found: dict[str, str] = {}
    for path in paths:
        if not os.path.isdir(path):
            if os.path.exists(path):
                found.setdefault(os.path.basename(path), path)
            continue
        for name in os.listdir(path):
            if name.startswith(".") or not name.endswith(".conf"):
                continue
            file = root.follow(os.path.join(path, name))
            if os.path.isdir(file):
                log.error(f"Directories inside directories are not supported: {path}/{name}")
                continue
            if os.path.exists(file) and not is_regular(os.stat(file)):
                log.error(f"{path}/{name}: {REFUSED}")
                continue
            found.setdefault(name, file)
    return [found[name] for name in sorted(found, key=os.fsencode)]


def _lines(files: Sequence[str], log: Log) -> Iterator[tuple[str, list[str]]]:
    """(FILE:LINE, words) of each line that is not empty."""
    for file in files:
        from pymodutils.depends.config import BLANKS, lines  # noqa: PLC0415 -- rarely needed

        try:
            with open(file, encoding="utf-8", errors="surrogateescape", newline="\n") as handle:
                text = handle.read()
        except OSError as error:
            log.error(f"file parsing {file}: {error.strerror}")
            continue
        for number, line in lines(text):
            yield f"{file}:{number}", re.findall(f"[^{BLANKS}]+", line)


def _placed(directory: str, root: Root) -> str:
    """The path of ``directory`` for this process; relative to the working directory or the sysroot."""
    if directory.startswith("/"):
        return f"{root.sysroot}{directory}"
    return f"{root.sysroot or os.getcwd()}/{directory}"


def _matches(pattern: str, release: str) -> bool:
    """Whether KVER, ``*`` or a POSIX extended regular expression, matches anywhere in ``release``."""
    if pattern == "*":
        return True
    return libc.regex_search(pattern, release)
