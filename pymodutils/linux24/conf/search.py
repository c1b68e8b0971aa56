"""Find module files in the paths of modules.conf."""

from __future__ import annotations

import os
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.linux24.conf.config import ModulesConf

ENDINGS: Final = (".o", ".mod", ".o.gz")


def key(path: str) -> str:
    """The name of the module in the file ``path``: without folders and .o, .mod or .o.gz."""
    name = os.path.basename(path)
    ending = next((end for end in ENDINGS if name.endswith(end) and len(name) > len(end)), "")
    return name.removesuffix(ending)


def files(config: ModulesConf, pattern: str = "*", kind: str = "") -> list[str]:
    """The files whose name matches ``pattern``, in a folder named ``kind`` if given.

    Files not owned by root are skipped if ``config`` refuses them.
    """
    found: dict[str, None] = {}
    for _, path in config.paths:
        for file in _walk(path, config.lists["prune"]):
            if _matches(config, os.path.basename(file), pattern) and (not kind or f"/{kind}/" in file):
                if config.refuse and os.stat(file).st_uid:
                    config.refuse(f"{file} is not owned by root")
                else:
                    found[file] = None
    return list(found)


def _matches(config: ModulesConf, name: str, pattern: str) -> bool:
    return name == pattern or (fnmatch(name, pattern) and (pattern == "*" or not config.safe))


def locate(config: ModulesConf, name: str, kind: str = "") -> list[str]:
    """The files of the modules that match ``name``, the first of each name."""
    if "/" in name:
        return [name]
    for pattern in (f"{name}.o", f"{name}.o.gz", name):
        found = files(config, pattern, kind)
        if found:
            return list({os.path.basename(file): file for file in reversed(found)}.values())[::-1]
    return []


def _walk(folder: str, pruned: dict[str, list[str]]) -> Iterator[str]:
    """The files below ``folder``, in the order of ftw in modutils: subfolders after files."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: (entry.is_dir(), entry.name))
    except OSError:
        return
    for entry in entries:
        if entry.name in pruned:
            continue
        if entry.is_dir():
            yield from _walk(entry.path, pruned)
        elif entry.is_file():
            yield entry.path
