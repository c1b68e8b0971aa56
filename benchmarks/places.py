"""Programs and trees to measure: a clean environment, and writable copies."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.oracles.debian import cache
from tests.oracles.trees import Tree, linked

REPOSITORY = Path(__file__).parent.parent


def environment() -> Path:
    """The bin/ of a virtual environment with the current package and only its dependencies.

    An editable installation, or site-packages with development tools, would start more slowly.
    """
    prefix = cache() / "benchmark" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    if not (prefix / "bin/pip").exists():
        subprocess.run([sys.executable, "-m", "venv", prefix], check=True)
        subprocess.run([prefix / "bin/pip", "install", "--quiet", "--upgrade", "pip"], check=True)
    pip = [str(prefix / "bin/pip"), "install", "--quiet"]
    subprocess.run([*pip, str(REPOSITORY)], check=True)
    subprocess.run([*pip, "--force-reinstall", "--no-deps", str(REPOSITORY)], check=True)
    return prefix / "bin"


def own(source: Tree, name: str) -> Tree:
    """A fresh tree of hard links to ``source`` that only one measured program writes to."""
    root = cache() / "benchmark" / "trees" / name
    shutil.rmtree(root, ignore_errors=True)
    return linked(source, root)


def evict(tree: Tree) -> None:
    """Drop the pages of the tree's modules from the page cache, as if they had never been read."""
    for path in tree.modules.rglob("*.ko*"):
        fd = os.open(path, os.O_RDONLY)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)
