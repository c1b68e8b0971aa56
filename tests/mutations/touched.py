"""Lines of the package that each test executes, by one run under coverage that the cache keeps."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from coverage import CoverageData
from coverage.exceptions import DataError

from tests.mutations import contexts
from tests.mutations.reach import functions, reach
from tests.oracles.debian import cache

QUICK: Final = ("-q", "-p", "no:cacheprovider", "-m", "not slow and not lane")
NO_TEST: Final = ""  # the context of what runs before the first test: when a file is imported
SETTINGS: Final = """\
[run]
source = pymodutils
parallel = true
patch = subprocess, _exit
"""


class Known(NamedTuple):
    """The tests that were run, and the files of that time: path -> digest."""

    seconds: dict[str, float]
    failing: list[str]
    tests: dict[str, str]
    package: dict[str, str]


class Touched:
    """The lines that each test runs, and its duration, cached in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._data = CoverageData(str(folder / "touched"))
        self._data.read()
        self.known = _known(folder)
        self.sound: dict[str, bool] = {}  # tests that kill -> whether they pass without a mutant

    def by(self, path: str, source: str, line: int) -> list[str]:
        """The tests that run ``line`` of the package's file ``path``, nearest and fastest first.

        For a file changed since, those that run any of it; for a line that runs on import, those that run a
        function of the file, then of its folder.
        """
        lines, changed = reach(source, line), self.known.package.get(path) != _digest(source.encode())
        own = self._tests(path, set() if changed else lines or functions(source))
        imported = not lines or NO_TEST in own
        seconds = self.known.seconds
        beside = {test for test in seconds if test.startswith(near(path))}  # which may only read its tables
        found = own.union(beside, *map(self._all, self._beside(path))) if imported else own
        return sorted(
            (test for test in found - set(self.known.failing) if test.partition("::")[0] in self.known.tests),
            key=lambda test: (not test.startswith(near(path)), test not in own, seconds.get(test, 0), test),
        )

    def _beside(self, path: str) -> list[str]:
        """The files of its folder."""
        return [each for each in self._data.measured_files() if Path(each).parent == Path(path).parent]

    def _all(self, path: str) -> set[str]:
        return self._tests(path, set())

    def _tests(self, path: str, lines: set[int]) -> set[str]:
        """The tests that run one of ``lines``, or any line, of a file."""
        found = self._data.contexts_by_lineno(path)
        return {test for at in (lines or found.keys()) for test in found.get(at, ())}


def near(path: str) -> str:
    """How the tests begin that are in the folder for that of the package's file ``path``."""
    return f"tests/{Path(path).parts[1]}/"


def measured(folder: Path, jobs: int, *, again: bool) -> Touched:
    """The cached results, after running new tests in ``folder``, or all, under coverage."""
    kept = cache() / "mutations"
    if again:
        shutil.rmtree(kept, ignore_errors=True)
    known = _known(kept)
    tests = _digests(folder, (folder / "tests").rglob("test_*.py"))
    new = [path for path, digest in tests.items() if known.tests.get(path) != digest]
    if new:
        kept.mkdir(parents=True, exist_ok=True)
        seconds, failing = _measure(folder, new, jobs, kept / "touched")
        failing += [test for test in known.failing if test.partition("::")[0] not in new]
        package = known.package or _digests(folder, (folder / "pymodutils").rglob("*.py"))
        now = Known(known.seconds | seconds, failing, tests, package)
        (kept / "tests.json").write_text(json.dumps(now))
    return Touched(kept)


def _known(folder: Path) -> Known:
    path = folder / "tests.json"
    return Known(*json.loads(path.read_text())) if path.exists() else Known({}, [], {}, {})


def _digests(folder: Path, paths: Iterable[Path]) -> dict[str, str]:
    return {str(path.relative_to(folder)): _digest(path.read_bytes()) for path in sorted(paths)}


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()[:16]


def _measure(folder: Path, files: list[str], jobs: int, into: Path) -> tuple[dict[str, float], list[str]]:
    """Run a share of ``files`` in each of ``jobs`` processes; the seconds of each test, and which fail."""
    (folder / "coveragerc").write_text(SETTINGS)
    with ThreadPoolExecutor(jobs) as pool:
        results = list(
            pool.map(lambda job: _covered(folder, files[job::jobs], job), range(min(jobs, len(files))))
        )
    data = CoverageData(str(into))
    data.read()
    for part in sorted(folder.glob("touched-*.*")):
        found = CoverageData(str(part))
        try:
            found.read()
        except DataError:
            continue  # of a process that a test has killed
        data.update(found, map_path=lambda path: path[path.rindex("/pymodutils/") + 1 :])
    data.close()
    seconds = {test: each for times, _ in results for test, each in times.items()}
    return seconds, [test for _, tests in results for test in tests]


def _covered(folder: Path, files: list[str], job: int) -> tuple[dict[str, float], list[str]]:
    """The seconds of each test in ``files``, and those that fail."""
    result = folder / f"result-{job}"
    words = ["run", f"--rcfile={folder}/coveragerc", f"--data-file={folder}/touched-{job}"]
    words += ["-m", "pytest", "-p", contexts.__name__, *QUICK, *files]
    variables = {**environment(folder), contexts.RESULT: str(result)}
    subprocess.run(
        [sys.executable, "-m", "coverage", *words],
        cwd=folder,
        env=variables,
        check=False,
        capture_output=True,
    )
    seconds, failing = json.loads(result.read_text())
    return seconds, failing


def environment(folder: Path) -> dict[str, str]:
    """The environment of a process that imports the package from ``folder``."""
    return {**os.environ, "PYTHONPATH": str(folder)}
