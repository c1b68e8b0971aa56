"""Run ``pymodutils`` in a process of its own, without a root of the environment's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent


def pymodutils(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pymodutils", *words],
        cwd=REPOSITORY,
        env={**os.environ, "PYMODUTILS_SYSROOT": "", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
