"""OpenSSL 3.5 (Debian 13), for ML-DSA, run from where it is unpacked."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.oracles.debian import unpacked

LIBRARIES = ("libssl3t64", "libc6", "zlib1g", "libzstd1")
TRIPLET = "usr/lib/x86_64-linux-gnu"


def openssl(folder: Path, *words: str, data: bytes = b"") -> bytes:
    """The output of openssl, run in ``folder`` with ``data`` as input; raises Unavailable."""
    libraries = [str(unpacked(name, "trixie") / TRIPLET) for name in LIBRARIES]
    loader = [f"{libraries[1]}/ld-linux-x86-64.so.2", "--library-path", os.pathsep.join(libraries)]
    program = unpacked("openssl", "trixie") / "usr/bin/openssl"
    environ = {**os.environ, "OPENSSL_CONF": str(unpacked("openssl", "trixie") / "etc/ssl/openssl.cnf")}
    done = subprocess.run(
        [*loader, program, *words], cwd=folder, input=data, capture_output=True, check=True, env=environ
    )
    return done.stdout
