"""Files of npm and PyPI packages, fetched into the cache, never installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from tests.oracles.debian import Unavailable, cache, locked

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 300  # seconds


def npm(package: str, version: str) -> Path:
    """The folder with the contents of ``package``; raises Unavailable."""
    return _unpacked("npm", package, version, ["npm", "pack", "--silent", f"{package}@{version}"])


def source(package: str, version: str) -> Path:
    """The folder with the source archive of ``package`` on PyPI; raises Unavailable."""
    pip = [sys.executable, "-m", "pip"] if find_spec("pip") else ["pip"]
    fetch = [*pip, "download", "--quiet", "--no-deps", "--no-binary", package, f"{package}=={version}"]
    return _unpacked("pypi", package, version, fetch)


def _unpacked(home: str, package: str, version: str, fetch: list[str]) -> Path:
    folder = cache() / home / f"{package.replace('/', '-')}-{version}"
    with locked(home):
        if not folder.is_dir():
            partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
            partial.mkdir(parents=True)
            try:
                _fetch(fetch, partial)
                partial.rename(folder)
            except Unavailable:
                shutil.rmtree(partial)
                raise
    return folder


def _fetch(command: list[str], folder: Path) -> None:
    if not shutil.which(command[0]):
        raise Unavailable(f"{command[0]} is not installed")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE)
    archives = list(folder.glob("*.t*gz"))
    if done.returncode or not archives:
        raise Unavailable(f"{' '.join(command[:2])} {command[-1]}: {done.stderr.strip().splitlines()[-1:]}")
    subprocess.run(["tar", "-xf", archives[0], "--strip-components=1"], cwd=folder, check=True)
    archives[0].unlink()


def wheels(python: str, *requirements: str) -> Path:
    """The folder with wheels of ``requirements`` for ``python`` (3.13), and of theirs; raises Unavailable."""
    folder = cache() / "wheels" / f"{python}-{'+'.join(requirements).replace('/', '-')}"
    pip = environment("pip") / "bin/pip"
    with locked("wheels"):
        if not (folder / "ready").exists():
            only = ["--only-binary=:all:", "--implementation=cp", "--python-version", python]
            words = [str(pip), "download", "--quiet", *only, "--dest", str(folder), *requirements]
            done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=PATIENCE)
            if done.returncode:
                raise Unavailable(f"wheels for Python {python}: {done.stderr.strip().splitlines()[-1:]}")
            (folder / "ready").touch()
    return folder


def environment(*requirements: str) -> Path:
    """A virtual environment with ``requirements`` from PyPI, which stays in the cache; raises Unavailable."""
    folder = cache() / "venvs" / "+".join(requirements)
    with locked("venvs"):
        if not (folder / "ready").exists():
            python = shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable
            commands = [
                [python, "-m", "venv", "--clear", str(folder)],
                [str(folder / "bin/pip"), "install", "--quiet", *requirements],
            ]
            for command in commands:
                done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
                if done.returncode:
                    words = done.stderr.strip().splitlines()[-1:]
                    raise Unavailable(f"{' '.join(requirements)} cannot be installed: {words}")
            (folder / "ready").touch()
    return folder
