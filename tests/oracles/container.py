"""A container of the host's distribution: a mount namespace with overlaid system directories.

Whatever is installed or written there stays in a folder of the test; the host is unchanged.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Final

from tests.oracles.debian import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

OVERLAID: Final = ("usr", "etc", "var", "opt", "boot")
PATIENCE: Final = 900  # seconds


class Container:
    """The system directories with the changes that are kept below ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in OVERLAID:
            for part in ("upper", "work"):
                (folder / part / name).mkdir(parents=True)
        if self._run("true", folder, {}).returncode:
            raise Unavailable("no mount namespace with overlays (root is needed)")

    def run(self, script: str, workspace: Path, environment: Mapping[str, str]) -> str:
        """Run ``script`` with ``sh -e`` in ``workspace``; its output, raises AssertionError if it fails."""
        done = self._run(script, workspace, environment)
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def _run(
        self, script: str, workspace: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        mounts = [
            f"mount -t overlay overlay -o lowerdir=/{name},upperdir={self.folder}/upper/{name},"
            f"workdir={self.folder}/work/{name} /{name}"
            for name in OVERLAID
        ]
        enter = " && ".join([*mounts, 'exec sh -e -c "$1"'])
        return subprocess.run(
            ["unshare", "-m", "--propagation", "private", "sh", "-c", enter, "sh", script],
            cwd=workspace,
            env={**_environment(), **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )


def _environment() -> dict[str, str]:
    """The caller's, without what belongs to its virtual environment or to CI."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GITHUB_", "PYTHON", "VIRTUAL"))
    }
    return {**kept, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}
