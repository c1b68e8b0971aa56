"""Headers of Debian's cloud kernels and User Mode Linux."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests.oracles import cross
from tests.oracles.debian import cache, locked, newest, unpacked

UNUSED = ("drivers", "sound", "fs", "net", "Documentation", "tools", "mm", "crypto", "block", "security")
TOOLS = ("scripts", "tools")  # what is linked to the build system's
PROGRAMS = {  # name -> what Debian's own starter of that name would run here
    "scripts/mod/modpost": "scripts/mod/modpost.real-lsb-64",
    "tools/objtool/objtool": "tools/objtool/objtool.real-x86",
}
COMMON = re.compile(r"(linux-headers-[^-]+(?:-\d+)?)-.*")
LATER = (  # gcc 12 does not know every option of 14 and 16; without BTF no pahole is needed
    *("CC=gcc-12", "CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT=", "CONFIG_CC_OPT_INLINE_MEMSET="),
    "CONFIG_DEBUG_INFO_BTF_MODULES=",
)
LIBRARIES_OF = {"experimental": "forky"}  # which has only what is new
LIBRARIES = ("libc6", "libelf1t64", "zlib1g", "libzstd1")  # of the build system's programs


class Headers(NamedTuple):
    """The headers of one kernel."""

    version: Callable[[], str]
    words: Callable[[Path], list[str]]  # of make, to build against them; the folder is for what that takes


def _cloud(suite: str = "bookworm") -> str:
    return newest("linux-headers-cloud-amd64", suite)


def installed(top: Path, flavour: str, suite: str = "bookworm", arch: str = "amd64") -> Path:
    """The headers in the package ``flavour`` below ``top``, as if installed.

    They refer to each other by paths in /usr/src.
    """
    common, tools = COMMON.sub(r"\1-common", flavour), _tools(flavour, suite, arch)
    for name in (flavour, common):
        of = arch if name == flavour else "amd64"
        packaged, folder = unpacked(name, suite, of) / "usr/src" / name, top / name
        folder.mkdir()
        for entry in os.listdir(packaged):
            if entry != "vmlinux":  # only pahole needs it
                (folder / entry).symlink_to((tools if entry in TOOLS else packaged) / entry)
    makefile = top / flavour / "Makefile"
    text = makefile.read_text().replace("/usr/src", str(top))
    makefile.unlink()
    makefile.write_text(text)
    return top / flavour


def _tools(flavour: str, suite: str, arch: str = "amd64") -> Path:
    """The build system's programs."""
    name = os.readlink(unpacked(flavour, suite, arch) / "usr/src" / flavour / "scripts").split("/")[-2]
    return unpacked(name, suite) / "usr/lib" / name


def _bookworm(top: Path) -> list[str]:
    return ["-C", str(installed(top, _cloud()))]


def _arm64(top: Path) -> list[str]:
    """The same of arm64, by a cross compiler."""
    folder = installed(top, newest("linux-headers-arm64", arch="arm64"), arch="arm64")
    compiler = cross.compiler("aarch64", "arm64")
    return ["-C", str(folder), f"CROSS_COMPILE={compiler}"]


def _later(suite: str, top: Path) -> list[str]:
    """The same of a later Debian, whose programs need its own loader and libraries."""
    folder = installed(top, _cloud(suite), suite)
    packaged = _tools(folder.name, suite)
    tools = shutil.copytree(packaged, top / "tools", copy_function=os.symlink)
    for name in TOOLS:
        for entry in top.glob(f"linux-*/{name}"):
            entry.unlink()
            entry.symlink_to(tools / name)
    libraries = [
        str(unpacked(name, LIBRARIES_OF.get(suite, suite)) / "usr/lib/x86_64-linux-gnu") for name in LIBRARIES
    ]
    loader = f"{libraries[0]}/ld-linux-x86-64.so.2 --library-path {':'.join(libraries)}"
    for name, program in PROGRAMS.items():
        (tools / name).unlink()
        (tools / name).write_text(f'#!/bin/sh\nexec {loader} {packaged}/{program} "$@"\n')
        (tools / name).chmod(0o755)
    return ["-C", str(folder), *LATER]


def _uml_release() -> str:
    return os.listdir(unpacked("user-mode-linux") / "usr/lib/uml/modules")[0]


def _uml(_: Path) -> list[str]:
    """User Mode Linux's headers: no package has them, so its source is configured and prepared once."""
    root = cache() / "kbuild" / f"uml-{_uml_release()}"
    source, objects = root / "linux-source-6.1", root / "objects"
    sublevel = f"SUBLEVEL={_uml_release().rpartition('.')[2]}"
    words = ["-C", str(source), "ARCH=um", sublevel, f"O={objects}"]
    with locked("kbuild/uml"):
        if not (root / "ready").is_file():
            shutil.rmtree(root, ignore_errors=True)
            objects.mkdir(parents=True)
            archive = unpacked("linux-source-6.1") / "usr/src/linux-source-6.1.tar.xz"
            subprocess.run(["tar", "-xJf", archive, "-C", root], check=True)
            config = unpacked("user-mode-linux") / "usr/share/doc/user-mode-linux/config.gz"
            (objects / ".config").write_bytes(gzip.decompress(config.read_bytes()))
            for goal in ("olddefconfig", "modules_prepare"):
                subprocess.run(["make", "-s", *words, goal], check=True, capture_output=True)
            for name in UNUSED:
                shutil.rmtree(source / name)
            (root / "ready").touch()
    return words


KERNELS = {
    "cloud": Headers(_cloud, _bookworm),
    "trixie": Headers(partial(_cloud, "trixie"), partial(_later, "trixie")),
    "forky": Headers(partial(_cloud, "forky"), partial(_later, "forky")),
    "experimental": Headers(partial(_cloud, "experimental"), partial(_later, "experimental")),
    "arm64": Headers(partial(newest, "linux-headers-arm64", arch="arm64"), _arm64),
    "uml": Headers(_uml_release, _uml),
}
