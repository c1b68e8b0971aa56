"""RPM packages by rpmbuild, as packaged by Debian, unpacked and never installed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.oracles.debian import unpacked

LIBRARIES = (
    "librpm9 librpmbuild9 librpmio9 librpmsign9 liblua5.3-0 libpopt0 libarchive13 libelf1 libdw1 libmagic1 "
    "libfsverity0 libsqlite3-0"
)
SPEC = """Name: kernel-core
Version: 6.1
Release: 1
Summary: a kernel
License: GPL
%description
a kernel
%install
mkdir -p %{{buildroot}}
cp -a {tree}/. %{{buildroot}}
%files
{files}
"""


def build(tree: Path, payload: str, work: Path) -> Path:
    """A package of the files in ``tree``; ``payload`` is rpm's: ``w3.zstdio``. Raises Unavailable."""
    spec = work / "k.spec"
    spec.write_text(SPEC.format(tree=tree, files="\n".join(f"/{path.name}" for path in tree.iterdir())))
    return package(spec, work, payload)


def package(spec: Path, work: Path, payload: str = "w9.gzdio") -> Path:
    """The package built by rpmbuild from ``spec`` in ``work``; raises CalledProcessError, Unavailable."""
    defines = {
        "_topdir": str(work),
        "_arch": "noarch",
        "_binary_payload": payload,
        "__os_install_post": "%{nil}",
        "_rpmfilename": "k.rpm",
        "_rpmconfigdir": str(unpacked("rpm") / "usr/lib/rpm"),
    }
    words = [word for name, value in defines.items() for word in ("--define", f"{name} {value}")]
    run("rpmbuild", "--target", "noarch", "-bb", *words, str(spec))
    return work / "RPMS/k.rpm"


def install(root: Path, package: Path) -> str:
    """The output of rpm installing ``package`` below ``root``, with its own database."""
    words = ("--root", str(root), "--dbpath", "/rpm", "--nodeps", "-i", str(package))
    done = _run("rpm", *words)
    return done.stdout + done.stderr


def run(tool: str, *words: str) -> str:
    """The output of a tool of the package rpm."""
    return _run(tool, *words).stdout


def _run(tool: str, *words: str) -> subprocess.CompletedProcess[str]:
    folders = [
        str(unpacked(name) / top / "x86_64-linux-gnu")
        for name in LIBRARIES.split()
        for top in ("usr/lib", "lib")
    ]
    environment = {
        **os.environ,
        "LD_LIBRARY_PATH": ":".join(folders),
        "RPM_CONFIGDIR": str(unpacked("rpm-common") / "usr/lib/rpm"),
    }
    command = [str(unpacked("rpm") / "usr/bin" / tool), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
