"""Count the mutants that the quick tests kill: ``python -m tests.mutations --count 200``.

A mutant is tested in a copy of the repository by the tests that cover the changed line; coverage is measured
once.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.mutations.attempt import REPOSITORY, Place, attempt, copy
from tests.mutations.mutants import mutants
from tests.mutations.touched import Touched, measured

FOLDERS = ("link", "arch", "depends", "kernel", "checks")


def sample(count: int, seed: int, folders: tuple[str, ...]) -> list[Place]:
    """``count`` mutants, equally many from each folder; files at random, weighted by their mutants."""
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


def outcomes(places: list[Place], folder: Path, jobs: int, *, again: bool) -> Iterator[tuple[Place, str]]:
    """The outcome of each of ``places``, tested in ``jobs`` copies of the repository below ``folder``."""
    copy(folder / "0")
    touched = measured(folder / "0", jobs, again=again)
    if touched.known.failing:
        print(f"these fail without any mutant: {' '.join(sorted(touched.known.failing))}")
    copies: SimpleQueue[Path] = SimpleQueue()
    for job in range(jobs):
        if job:
            shutil.copytree(folder / "0", folder / str(job))
        copies.put(folder / str(job))
    with ThreadPoolExecutor(jobs) as pool:
        yield from zip(places, pool.map(lambda place: _tried(place, copies, touched), places), strict=True)


def _tried(place: Place, copies: SimpleQueue[Path], touched: Touched) -> str:
    folder = copies.get()
    try:
        return attempt(place, folder, touched)
    finally:
        copies.put(folder)


def main() -> None:
    """Print a line for each mutant, then the share of those killed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--folder", action="append", choices=FOLDERS)
    parser.add_argument("--measure", action="store_true", help="run all quick tests under coverage again")
    given = parser.parse_args()
    folders = tuple(given.folder or FOLDERS)
    killed: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as path:
        places = sample(given.count, given.seed, folders)
        for place, outcome in outcomes(places, Path(path), given.jobs, again=given.measure):
            folder = Path(place.path).parts[1]
            tried[folder] += 1
            killed[folder] += outcome == "KILLED"
            print(f"{outcome:12}{place}", flush=True)
    for folder in folders:
        print(f"{folder:12}{killed[folder]:4} of {tried[folder]}")
    print(f"{sum(killed.values())} of {sum(tried.values())} killed")


if __name__ == "__main__":
    main()
