"""genhtml of Debian's lcov."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.oracles.debian import Unavailable, unpacked


def genhtml(info: Path, folder: Path) -> str:
    """Write pages about ``info`` to ``folder``; what genhtml prints. Raises Unavailable without perl."""
    if not shutil.which("perl"):
        raise Unavailable("no perl (package perl)")
    program = unpacked("lcov") / "usr/bin/genhtml"
    command = ["perl", str(program), "--branch-coverage", "-o", str(folder), str(info)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
