"""Programs of another Debian release, run with the libraries of that release."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.oracles.debian import Unavailable, unpacked

TRIPLET: Final = "x86_64-linux-gnu"


def words(suite: str, package: str, name: str, libraries: Sequence[str], *, called: str = "") -> list[str]:
    """The command words that run the file ``name`` of ``package``, with the packages of its ``libraries``.

    ``called`` is its argv[0], the path by default. Raises Unavailable.
    """
    if platform.machine() != "x86_64":
        raise Unavailable(f"Debian's amd64 {package} does not run on {platform.machine()}")
    binary = found(unpacked(package, suite), name)
    folders = [
        str(top / lib)
        for top in (unpacked(each, suite) for each in (*libraries, "libc6"))
        for lib in (f"lib/{TRIPLET}", f"usr/lib/{TRIPLET}")
        if (top / lib).is_dir()
    ]
    loader = found(unpacked("libc6", suite), "ld-linux-x86-64.so.2")
    return [loader, "--library-path", os.pathsep.join(folders), "--argv0", called or binary, binary]


def found(folder: Path, name: str) -> str:
    """The path of the file ``name`` below ``folder``; raises Unavailable."""
    for path in sorted(folder.rglob(name)):
        if path.is_file() and not path.is_symlink() and path.suffix != ".d":
            return str(path)
    raise Unavailable(f"no {name} in {folder.name}")
