"""Packages installed below a folder by pacman, as packaged by Debian, unpacked and never installed."""

from __future__ import annotations

import os
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from tests.oracles.debian import unpacked

if TYPE_CHECKING:
    from collections.abc import Mapping

LIBRARIES = "libalpm13 libarchive13 libgpgme11 libassuan0 libxml2 libicu72 libgpg-error0"
INFO = "pkgname = {name}\npkgbase = {name}\npkgver = 1-1\npkgdesc = made\narch = any\nsize = 1\n"
CONFIG = "[options]\nArchitecture = auto\nSigLevel = Never\n"


def package(place: Path, name: str, files: Mapping[str, bytes]) -> Path:
    """A package of ``files`` in the folder ``place``."""
    path = place / f"{name}-1-1-any.pkg.tar"
    with tarfile.open(path, "w") as archive:
        for member, data in {".PKGINFO": INFO.format(name=name).encode(), **files}.items():
            entry = tarfile.TarInfo(member)
            entry.size = len(data)
            archive.addfile(entry, BytesIO(data))
    return path


def install(root: Path, packages: Path, hooks: Path) -> subprocess.CompletedProcess[str]:
    """``packages`` below ``root`` with the ``hooks`` of a folder, as ``pacman -U``; raises Unavailable."""
    database = root / "var/lib/pacman"
    database.mkdir(parents=True, exist_ok=True)
    config = root / "pacman.conf"
    config.write_text(CONFIG)
    folders = [str(unpacked(name) / "usr/lib/x86_64-linux-gnu") for name in LIBRARIES.split()]
    places = ("--root", root, "--dbpath", database, "--config", config, "--hookdir", hooks)
    return subprocess.run(
        [unpacked("pacman-package-manager") / "usr/bin/pacman", "--noconfirm", *places, "-U", packages],
        env={**os.environ, "LD_LIBRARY_PATH": ":".join(folders), "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
