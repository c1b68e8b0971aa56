"""Recorded images of modutils 2.4.16; README.md describes the recording."""

from __future__ import annotations

import tarfile
from functools import cache
from pathlib import Path
from typing import Final

ARCHIVE = Path(__file__).parent / "vectors.tar.xz"
ARCHES: Final = ("i386", "m68k", "arm", "s390x", "sparc64", "hppa")
PARAMETERS: Final = {
    "hello": ("num=7,8", "str=abc"),
    "parms": ("b=9", "h=3,4", "i=1,2", "l=-5", "s=foo,bar", "c=xyz"),
}
MTIME: Final = 0x3F12_7110  # of the modules, seconds since the epoch


@cache
def _members() -> dict[str, bytes]:
    with tarfile.open(ARCHIVE) as archive:
        files = ((member.name, archive.extractfile(member)) for member in archive)
        return {name: file.read() for name, file in files if file}


def file(name: str) -> bytes:
    """The contents of the file ``name`` in the archive."""
    return _members()[name]
