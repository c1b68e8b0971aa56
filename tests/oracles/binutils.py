"""GNU ld, objdump and readelf for all architectures, built from Debian's source of binutils.

Needs a compiler and three minutes, once; the three programs, 30 MB, stay in the cache.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final
from zlib import crc32

from tests.oracles.debian import Unavailable, cache, locked, unpacked

BUILDERS: Final = ("gcc", "make", "bison", "flex", "m4", "xz", "strip")
PROGRAMS: Final = {"ld": "ld/ld-new", "objdump": "binutils/objdump", "readelf": "binutils/readelf"}
LINUX: Final = """
    aarch64 aarch64_be alpha arc arceb arm armeb cris csky h8300 hppa hppa64 i686 ia64 loongarch64 m32r m68k
    metag microblaze microblazeel mips mips64 mips64el mipsel nios2 or1k powerpc powerpc64 powerpc64le
    riscv32 riscv64 s390 s390x sh sheb sparc sparc64 tilegx tilepro xtensa
"""
BARE: Final = "bfin frv mn10300 nds32le score tic6x v850"
WITHOUT: Final = "gas gdb gdbserver gold gprof gprofng libctf nls plugins shared sim werror"
OPTIONS: Final = (
    "--target=x86_64-linux-gnu",
    "--enable-64-bit-bfd",
    "--without-zstd",
    *(f"--disable-{part}" for part in WITHOUT.split()),
    "CFLAGS=-O1 -g0",
)


def targets() -> str:
    """The targets enabled by configure."""
    return ",".join([f"{cpu}-linux-gnu" for cpu in LINUX.split()] + [f"{cpu}-elf" for cpu in BARE.split()])


def folder() -> Path:
    """The folder of the programs; others are built if the targets change."""
    return cache() / f"binutils-{crc32(targets().encode()):08x}"


def program(name: str) -> str:
    """The path of ``name``, one of PROGRAMS, built if absent; raises Unavailable."""
    made = folder() / name
    if not made.exists():
        with locked("binutils"):
            if not made.exists():
                _build(made.parent)
    return str(made)


def _build(place: Path) -> None:
    missing = [tool for tool in BUILDERS if shutil.which(tool) is None]
    if missing:
        raise Unavailable(f"binutils cannot be built without {', '.join(missing)}")
    (archive,) = (unpacked("binutils-source") / "usr/src/binutils").glob("binutils-*.tar.xz")
    with tempfile.TemporaryDirectory() as work:
        _run(work, "tar", "--strip-components=1", "-xf", str(archive))
        build = os.path.join(work, "build")
        os.mkdir(build)
        _run(build, "../configure", f"--enable-targets={targets()}", *OPTIONS)
        _run(build, "make", "-j2", "MAKEINFO=true", "all-ld", "all-binutils")
        partial = place.with_name(f"{place.name}.{os.getpid()}.partial")
        partial.mkdir()
        for name, made in PROGRAMS.items():
            _run(build, "strip", "-o", str(partial / name), made)
        partial.rename(place)


def _run(folder: str, *words: str) -> None:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"binutils cannot be built: {words[0]}: {done.stderr.strip()[-300:]}")
