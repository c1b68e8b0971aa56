"""kmod 30 (Debian 12) and kmod 34 (Debian 13), run from where they are unpacked.

Each runs through the loader and the C library of its own release, so neither has to be installed
and both run beside each other.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path

from tests.oracles.debian import Unavailable, unpacked

LIBRARIES = {
    "bookworm": ("libkmod2", "libc6", "libssl3", "libzstd1", "liblzma5"),
    "trixie": ("libkmod2", "libc6", "libssl3t64", "libzstd1", "liblzma5", "zlib1g"),
}
TRIPLET = "x86_64-linux-gnu"


def kmod30(tool: str) -> list[str]:
    """The command words that run ``tool`` (depmod, modprobe, ...) of kmod 30: ZSTD and XZ, no ZLIB."""
    return _kmod(tool, "bookworm")


def kmod34(tool: str) -> list[str]:
    """The command words that run ``tool`` (depmod, modprobe, ...) of kmod 34: ZSTD and XZ, no ZLIB."""
    return _kmod(tool, "trixie")


def _kmod(tool: str, suite: str) -> list[str]:
    if platform.machine() != "x86_64":
        raise Unavailable(f"Debian's amd64 kmod does not run on {platform.machine()}")
    binary = _found(unpacked("kmod", suite), "kmod")
    folders = [
        str(top / lib)
        for top in (unpacked(package, suite) for package in LIBRARIES[suite])
        for lib in (f"lib/{TRIPLET}", f"usr/lib/{TRIPLET}")
        if (top / lib).is_dir()
    ]
    loader = _found(unpacked("libc6", suite), "ld-linux-x86-64.so.2")
    return [loader, "--library-path", os.pathsep.join(folders), "--argv0", tool, binary]


def _found(folder: Path, name: str) -> str:
    for path in sorted(folder.rglob(name)):
        if path.is_file() and not path.is_symlink() and path.suffix != ".d":
            return str(path)
    raise Unavailable(f"no {name} in {folder.name}")
