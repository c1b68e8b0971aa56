"""Fuzz the tools, reproducibly: ``python -m tests.fuzz --minutes 2``.

Prints each failure in one line, and saves its input in ``--keep``; the exit status is then 1.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.fuzz import judge
from tests.fuzz.cases import case, edit_rows, folder
from tests.fuzz.subjects import Subject, subjects


class Failure(NamedTuple):
    """A failed case."""

    subject: str
    number: int
    words: list[str]
    faults: list[str]
    errors: bytes


class Bench(NamedTuple):
    """State shared by runs."""

    base: Path  # the folder of their folders
    states: Mapping[str, bytes]  # of emulated kernels, files by their names
    keep: Path | None  # the folder for inputs that fail

    def play(self, name: str, subject: Subject, number: int) -> Failure | None:
        """Run case ``number`` of ``subject`` in a folder of its own."""
        where = folder(self.base / f"{name}-{number}", self.states)
        place, data, words = case(subject, number)
        if name.startswith("states") and number % 2:
            edit_rows(where / place, number)
        else:
            (where / place).write_bytes(data)
        ending = judge.run(words, where)
        found = list(judge.faults(words[0], ending, where))
        if found and self.keep:
            shutil.copy(where / place, self.keep / f"{name.replace(' ', '-')}-{number}-{Path(place).name}")
        shutil.rmtree(where)
        return Failure(name, number, words, found, ending.errors) if found else None


def booted(base: Path) -> dict[str, bytes]:
    """The state files of emulated kernels by name."""
    where, found = folder(base / "boot"), {}
    for name, words in (("k.state", ["good.json"]), ("k24.state", ["ksyms", "--generation", "2.4"])):
        ending = judge.run(["kernel", "boot", name, "--from", *words], where)
        assert not ending.status, ending.errors
        found[name] = (where / "files" / name).read_bytes()
    return found


def fuzz(minutes: float, start: int, jobs: int, keep: Path | None) -> tuple[Counter[str], list[Failure]]:
    """Run cases from ``start`` on for ``minutes``; the count for each subject, and the failures."""
    counts: Counter[str] = Counter()
    failures: list[Failure] = []
    end = time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory() as work, ThreadPoolExecutor(jobs) as pool:
        bench = Bench(Path(work), booted(Path(work)), keep)
        everything = subjects()
        for name, state in (("states", "k.state"), ("states of 2.4", "k24.state")):
            everything[name] = everything[name]._replace(seeds={state: bench.states[state]})
        for number in itertools.count(start):
            if time.monotonic() >= end:
                break
            played = pool.map(bench.play, everything, everything.values(), itertools.repeat(number))
            failures += [failure for failure in played if failure]
            counts.update(everything.keys())
    return counts, failures


def main() -> int:
    """Parse the command line, fuzz, and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--start", type=int, default=0, help="number of the first case")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=Path, help="folder for inputs that fail")
    words = parser.parse_args()
    if words.keep:
        words.keep.mkdir(parents=True, exist_ok=True)
    counts, failures = fuzz(words.minutes, words.start, words.jobs, words.keep)
    for failure in failures:
        print(f"{failure.subject} {failure.number}: {' '.join(failure.words)}: {'; '.join(failure.faults)}")
        print("    " + failure.errors.decode(errors="replace").strip()[-600:].replace("\n", "\n    "))
    print(f"{sum(counts.values())} cases, {len(failures)} failures: {dict(counts)}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
