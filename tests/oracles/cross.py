"""Debian's cross compilers, put together from their packages; gcc finds its parts by its own place."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.oracles.debian import cache, locked, unpacked

VERSION = 12
STARTER = """#!/bin/sh
LD_LIBRARY_PATH={libraries} exec {program} "$@"
"""


def compiler(processor: str, arch: str) -> str:
    """CROSS_COMPILE for ``processor``, Debian's ``arch``: the path of its programs up to their names."""
    target = f"{processor}-linux-gnu"
    folder = cache() / "cross" / target
    names = [f"{it}-{target}" for it in (f"gcc-{VERSION}", f"cpp-{VERSION}", "binutils")]
    with locked(f"cross/{target}"):
        if not folder.is_dir():
            partial = folder.with_name(f"{target}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            for name in (*names, f"libgcc-{VERSION}-dev-{arch}-cross"):
                shutil.copytree(unpacked(name) / "usr", partial, symlinks=True, dirs_exist_ok=True)
            _start(partial, folder)
            partial.rename(folder)
    return f"{folder}/start/{target}-"


def _start(made: Path, folder: Path) -> None:
    """Starters of the programs, which need libraries of their own."""
    (made / "start").mkdir()
    for program in (made / "bin").iterdir():
        starter = made / "start" / program.name
        libraries, path = folder / "lib/x86_64-linux-gnu", folder / "bin" / program.name
        starter.write_text(STARTER.format(libraries=libraries, program=path))
        starter.chmod(0o755)
