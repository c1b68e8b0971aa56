"""The kernel's own kunit.py with User Mode Linux: a tree of 6.1, configured for one test and built once."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.oracles.debian import Unavailable, cache, locked, unpacked
from tests.oracles.kunit import SOURCE

CONFIG = "CONFIG_KUNIT=y\nCONFIG_LIST_KUNIT_TEST=y\n"
TOOL = "tools/testing/kunit/kunit.py"
UNUSED = ("Documentation/*/*", "drivers/gpu/drm/amd/include", "tools/perf", "tools/testing/selftests")


def tree() -> Path:
    """The top of the tree, its kernel built the first time. Raises Unavailable without make and gcc."""
    if not shutil.which("make") or not shutil.which("gcc"):
        raise Unavailable("no make or gcc (packages make and gcc)")
    folder = cache() / "kbuild" / "kunit-um"
    top = folder / SOURCE
    with locked("kbuild/kunit-um"):
        if not (folder / "ready").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            archive = unpacked(SOURCE) / f"usr/src/{SOURCE}.tar.xz"
            left_out = [f"--exclude={SOURCE}/{name}" for name in UNUSED]
            subprocess.run(["tar", "-xJf", archive, "-C", folder, *left_out], check=True)
            (top / ".kunit").mkdir()
            (top / ".kunit/.kunitconfig").write_text(CONFIG)
            subprocess.run(words("config"), cwd=top, check=True, capture_output=True)
            build(top)
            (folder / "ready").touch()
    return top


def build(top: Path) -> None:
    """Build what has changed in the tree."""
    subprocess.run(words("build"), cwd=top, check=True, capture_output=True)


def words(step: str) -> list[str]:
    """The command of ``step``, config, build, exec or run, for the folder of tree()."""
    jobs = ["--jobs=2"] if step in ("build", "run") else []
    return [sys.executable, "-u", TOOL, step, "--arch=um", *jobs]
