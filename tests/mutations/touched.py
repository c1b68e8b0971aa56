"""Which tests touch which lines of the package: coverage of one run of the quick tests, kept in the cache."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Final

from coverage import CoverageData

from tests.mutations import contexts
from tests.mutations.reach import reach
from tests.oracles.debian import cache

QUICK: Final = ("-q", "-p", "no:cacheprovider", "-m", "not slow and not lane")
SETTINGS: Final = """\
[run]
source = pymodutils
parallel = true
patch = subprocess, _exit
"""


class Touched:
    """What each test touches, and how long it takes.

    ``failing`` are those that fail without any mutant: they are never named.
    """

    def __init__(self, folder: Path) -> None:
        self._data = CoverageData(str(folder / "touched"))
        self._data.read()
        seconds, failing = json.loads((folder / "tests.json").read_text())
        self.seconds: dict[str, float] = seconds
        self.failing = frozenset(failing)
        self._files = {name[name.rindex("/pymodutils/") + 1 :]: name for name in self._data.measured_files()}

    def by(self, path: str, source: str, line: int) -> list[str]:
        """The tests that run ``line`` of the package's file ``path``, the nearest and the quickest first.

        For a line that runs when the file is imported, it is those that run something of the file or,
        if it has no functions, of its folder.
        """
        lines = reach(source, line)
        folder = str(Path(path).parent)
        files = [path] if lines else [each for each in self._files if str(Path(each).parent) == folder]
        found = set().union(*(self._tests(each, lines) for each in files)) - {""} - self.failing
        near = f"tests/{Path(path).parts[1]}/"
        return sorted(found, key=lambda test: (not test.startswith(near), self.seconds.get(test, 0), test))

    def _tests(self, path: str, lines: set[int]) -> set[str]:
        """The tests that run one of ``lines``, or any line, of a file."""
        if path not in self._files:
            return set()
        found = self._data.contexts_by_lineno(self._files[path])
        return {test for at in (lines or found.keys()) for test in found.get(at, ())}


def measured(folder: Path, jobs: int) -> Touched:
    """What the cache knows of the tree copied to ``folder``; else run its quick tests under coverage.

    The cache keeps one tree.
    """
    kept = cache() / "mutations" / _digest(folder)
    if not kept.exists():
        shutil.rmtree(kept.parent, ignore_errors=True)
        kept.parent.mkdir(parents=True)
        _measure(folder, jobs).rename(kept)
    return Touched(kept)


def _digest(folder: Path) -> str:
    digest = sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".py", ".toml"}:
            digest.update(f"{path.relative_to(folder)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _measure(folder: Path, jobs: int) -> Path:
    """Run a share of the test files in each of ``jobs`` processes; the folder that has the result."""
    files = sorted(str(path.relative_to(folder)) for path in (folder / "tests").rglob("test_*.py"))
    (folder / "coveragerc").write_text(SETTINGS)
    with ThreadPoolExecutor(jobs) as pool:
        results = list(pool.map(lambda job: _covered(folder, files[job::jobs], job), range(jobs)))
    result = cache() / "mutations" / "unfinished"
    result.mkdir()
    data = CoverageData(str(result / "touched"))
    for part in sorted(folder.glob("touched-*.*")):
        found = CoverageData(str(part))
        found.read()
        data.update(found)
    data.close()
    seconds = {test: each for times, _ in results for test, each in times.items()}
    failing = [test for _, tests in results for test in tests]
    (result / "tests.json").write_text(json.dumps([seconds, failing]))
    return result


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
    """That of a process which takes the package from ``folder``."""
    return {**os.environ, "PYTHONPATH": str(folder)}
