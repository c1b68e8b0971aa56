"""depmod.d: where modules are looked for, and which of two with one name is taken."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.log import Log
    from pymodutils.root import Root

DIRECTORIES: Final = (
    "/etc/depmod.d",
    "/run/depmod.d",
    "/usr/local/lib/depmod.d",
    "/usr/lib/depmod.d",
    "/lib/depmod.d",
)
BUILT_IN: Final = "built-in"
EXTERNAL: Final = "external"
_CLASSES: Final = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\s",
    "xdigit": "0-9a-fA-F",
    "punct": "!-/:-@\\[-`{-~",
}


class Config(NamedTuple):
    """What all files together say."""

    searches: tuple[str, ...] = ("updates",)  # relative to the version directory; the first ranks highest
    overrides: tuple[str, ...] = ()  # SUBDIR/MODULE, the latest definition first
    externals: tuple[str, ...] = ()  # absolute directories in the order of their definition
    excludes: frozenset[str] = frozenset()  # names of files and directories
    files: tuple[str, ...] = ()  # what was read


def read(root: Root, release: str, paths: Sequence[str], log: Log) -> Config:
    """The configuration for the kernel ``release``: of ``paths`` if there are any, else of DIRECTORIES."""
    searches: list[str] = []
    overrides: list[str] = []
    externals: list[str] = []
    excludes: list[str] = []
    files = find(paths or [root.path(directory) for directory in DIRECTORIES], log)
    for where, words in _lines(files, log):
        match words:
            case ["search", *directories]:
                searches += directories
            case ["override", module, version, subdirectory, *_]:
                if _matches(version, release):
                    overrides.insert(0, f"{subdirectory}/{module}")
            case ["external", version, directory, *_]:
                if _matches(version, release):
                    externals.append(directory)
            case ["exclude", *names]:
                excludes += names
            case ["include" | "make_map_files", *_]:
                pass
            case _:
                log.error(f"{where}: ignoring bad line starting with '{words[0]}'")
    return Config(
        tuple(searches) or ("updates",), tuple(overrides), tuple(externals), frozenset(excludes), tuple(files)
    )


def find(paths: Sequence[str], log: Log) -> list[str]:
    """The files among and in ``paths``, by name over all directories; the first of equal names wins."""
    found: dict[str, str] = {}
    for path in paths:
        if not os.path.isdir(path):
            if os.path.exists(path):
                found.setdefault(os.path.basename(path), path)
            continue
        for name in os.listdir(path):
            if name.startswith(".") or not name.endswith(".conf"):
                continue
            if os.path.isdir(os.path.join(path, name)):
                log.error(f"Directories inside directories are not supported: {path}/{name}")
                continue
            found.setdefault(name, os.path.join(path, name))
    return [found[name] for name in sorted(found, key=os.fsencode)]


def _lines(files: Sequence[str], log: Log) -> Iterator[tuple[str, list[str]]]:
    """(FILE:LINE, words) of each line that says something; a backslash joins lines."""
    for file in files:
        try:
            with open(file, encoding="utf-8", errors="surrogateescape", newline="") as handle:
                text = handle.read()
        except OSError as error:
            log.error(f"file parsing {file}: {error.strerror}")
            continue
        number = 0
        for line in text.replace("\\\n", "\0").split("\n"):
            number += 1 + line.count("\0")
            words = line.replace("\0", "").replace("\t", " ").split(" ")
            words = [word for word in words if word]
            if words and not line.startswith("#"):
                yield f"{file}:{number}", words


def _matches(pattern: str, release: str) -> bool:
    """Whether ``release`` is meant by KVER: ``*`` or a POSIX regular expression that matches anywhere."""
    if pattern == "*":
        return True
    for name, members in _CLASSES.items():
        pattern = pattern.replace(f"[:{name}:]", members)
    try:
        return re.search(pattern, release) is not None
    except re.error:
        return False
