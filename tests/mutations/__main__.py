"""Count the mutants that the quick tests kill: ``python -m tests.mutations --count 200``.

A mutant is tried in a copy of the repository: first by the test files that touch the changed line, as
coverage finds out once for all of them, then by all quick tests.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.mutations.mutants import Mutant, mutants
from tests.mutations.touched import QUICK, Touched, environment, measured

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDERS = ("link", "arch", "depends", "kernel", "checks")
LIMIT = 900  # seconds; a mutant that runs for ever is killed
COPIED = ("pymodutils", "tests", "completions", "demo", "docs", "man", "benchmarks")
FILES = ("pyproject.toml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile", "LICENSE")


class Place(NamedTuple):
    """A mutant of a file."""

    path: str
    mutant: Mutant

    def __str__(self) -> str:
        return f"{self.path}:{self.mutant.line}: {self.mutant.what}"


def sample(count: int, seed: int, folders: tuple[str, ...]) -> list[Place]:
    """``count`` mutants, as many of each folder; files at random, weighted by their mutants."""
    chosen = []
    for at, folder in enumerate(folders):
        rng = random.Random(f"{seed} {folder}")  # noqa: S311 -- a sample, no secret
        found = list(_all(folder))
        share = count // len(folders) + (at < count % len(folders))
        chosen += rng.sample(found, min(share, len(found)))
    return chosen


def _all(folder: str) -> Iterator[Place]:
    for path in sorted((REPOSITORY / "pymodutils" / folder).rglob("*.py")):
        for mutant in mutants(path.read_text()):
            yield Place(str(path.relative_to(REPOSITORY)), mutant)


def copy(folder: Path) -> None:
    """Put what the quick tests need into ``folder``."""
    for name in COPIED:
        shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(REPOSITORY / name, folder)


def killed_by(place: Place, folder: Path, jobs: int, touched: Touched) -> str:
    """Which tests fail for the mutant: one of those that touch it, one of all, or none."""
    file = folder / place.path
    before = file.read_text()
    file.write_text(place.mutant.source)
    try:
        near = touched.by(place.path, place.mutant.line)
        if near and _fails(folder, 0, *near):
            return "touching"
        ignored = (f"--ignore={each}" for each in near)
        return "all" if _fails(folder, jobs, "tests", *ignored) else ""
    finally:
        file.write_text(before)


def _fails(folder: Path, jobs: int, *words: str) -> bool:
    """Whether a quick test among ``words`` fails or never ends; without ``jobs`` they run in their order."""
    tests = subprocess.Popen(
        [sys.executable, "-m", "pytest", *QUICK, "-x", *(("-n", str(jobs)) if jobs else ()), *words],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return tests.wait(LIMIT) != 0
    except subprocess.TimeoutExpired:
        return True
    finally:
        if tests.poll() is None:
            os.killpg(tests.pid, signal.SIGKILL)
            tests.wait()


def main() -> None:
    """Print a line for each mutant, then the share of those killed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--folder", action="append", choices=FOLDERS)
    given = parser.parse_args()
    folders = tuple(given.folder or FOLDERS)
    killed: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as path:
        copy(Path(path))
        touched = measured(Path(path), given.jobs)
        if touched.failing:
            parser.error(f"these fail without any mutant: {' '.join(touched.failing)}")
        for place in sample(given.count, given.seed, folders):
            by = killed_by(place, Path(path), given.jobs, touched)
            folder = Path(place.path).parts[1]
            tried[folder] += 1
            killed[folder] += bool(by)
            print(f"{'killed by ' + by if by else 'SURVIVED':24}{place}", flush=True)
    for folder in folders:
        print(f"{folder:12}{killed[folder]:4} of {tried[folder]}")
    print(f"{sum(killed.values())} of {sum(tried.values())} killed")


if __name__ == "__main__":
    main()
