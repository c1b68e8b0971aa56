"""Try a mutant in a copy of the repository."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

from tests.mutations import chosen
from tests.mutations.mutants import Mutant, mutated
from tests.mutations.touched import QUICK, Touched, environment, near

REPOSITORY: Final = Path(__file__).resolve().parents[2]
COPIED: Final = ("pymodutils", "tests", "completions", "demo", "docs", "man", "benchmarks")
FILES: Final = ("pyproject.toml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile", "LICENSE")
ENOUGH: Final = 120.0  # seconds of tests: who runs a line for so long would have noticed


class Place(NamedTuple):
    """A mutant of a file."""

    path: str
    mutant: Mutant

    def __str__(self) -> str:
        return f"{self.path}:{self.mutant.line}: {self.mutant.what}"


def copy(folder: Path) -> None:
    """Copy the files that the quick tests need to ``folder``."""
    for name in COPIED:
        shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(REPOSITORY / name, folder)


def attempt(place: Place, folder: Path, touched: Touched) -> str:
    """The outcome of the mutant: KILLED, SURVIVED or UNTOUCHED."""
    file = folder / place.path
    source, kept = file.read_text(), file.stat()
    tests = _enough(touched, touched.by(place.path, source, place.mutant.line))
    if not tests:
        return "UNTOUCHED"
    mutant = mutated(source, place.mutant)
    while tests:
        file.write_text(mutant)
        try:
            killer = next(filter(None, (_failing(folder, some) for some in _halves(place, tests))), "")
        finally:
            file.write_text(source)
            os.utime(file, ns=(kept.st_atime_ns, kept.st_mtime_ns))  # its bytecode is valid again
        if not killer:
            break
        if killer not in tests or _is_sound(killer, folder, touched):
            return "KILLED"
        tests = [test for test in tests if test != killer]
    return "SURVIVED"


def _is_sound(test: str, folder: Path, touched: Touched) -> bool:
    """Whether ``test`` passes without a mutant."""
    if test not in touched.sound:
        touched.sound[test] = not _failing(folder, [test])
    return touched.sound[test]


def _enough(touched: Touched, tests: list[str]) -> list[str]:
    """The first of ``tests`` that take ENOUGH seconds."""
    left = ENOUGH
    for at, test in enumerate(tests):
        left -= touched.known.seconds.get(test, 0)
        if left < 0:
            return tests[:at]
    return tests


def _halves(place: Place, tests: list[str]) -> list[list[str]]:
    """The ``tests`` of the place's own folder, and the others, whose files are collected only if needed."""
    halves: tuple[list[str], list[str]] = ([], [])
    for test in tests:
        halves[not test.startswith(near(place.path))].append(test)
    return [half for half in halves if half]


def _failing(folder: Path, tests: list[str]) -> str:
    """The first of ``tests`` that fails or hangs, "import" if none is reached; empty if all pass."""
    (folder / "chosen").write_text("\n".join(tests))
    (folder / "running").write_text("import")
    files = dict.fromkeys(test.partition("::")[0] for test in tests)
    words = [*QUICK, "-x", "-p", chosen.__name__, "-p", "no:xdist", *files]
    variables = {chosen.CHOSEN: str(folder / "chosen"), chosen.RUNNING: str(folder / "running")}
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", *words],
        cwd=folder,
        env=environment(folder) | variables | {"PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        if run.wait() in {os.EX_OK, 5}:  # 5: the mutant renames each of the tests
            return ""
        return (folder / "running").read_text()
    finally:
        _end(run.pid)


def _end(group: int) -> None:
    """Kill processes left by the tests."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass
