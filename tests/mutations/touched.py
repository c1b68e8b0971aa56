"""Lines of the package that each test file executes, by one run under coverage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from coverage import CoverageData

from tests.mutations import contexts

QUICK: Final = ("-q", "-p", "no:cacheprovider", "-m", "not slow and not lane")


class Touched:
    """What each test file touches, and how long it takes.

    ``failing`` are those that fail without any mutant.
    """

    def __init__(
        self, folder: Path, data: CoverageData, seconds: Mapping[str, float], failing: list[str]
    ) -> None:
        self._folder, self._data, self._seconds, self.failing = folder, data, seconds, failing

    def by(self, path: str, line: int) -> list[str]:
        """The test files that run this line of the package's file ``path``.

        For a line that runs when the file is imported, such as one of a table, it is all that run something
        of its folder. Those of the matching folder come first, of them and of the others the quickest.
        """
        lines = self._data.contexts_by_lineno(str(self._folder / path))
        at = max((each for each in lines if each <= line), default=0)  # a statement may have several lines
        found = set(lines.get(at, ()))
        if "" in found:
            found.update(*map(self._all, (self._folder / path).parent.glob("*.py")))
        near = f"tests/{Path(path).parts[1]}/"
        return sorted(found - {""}, key=lambda file: (not file.startswith(near), self._seconds[file]))

    def _all(self, file: Path) -> set[str]:
        """The test files that run something of ``file``."""
        return {each for found in self._data.contexts_by_lineno(str(file)).values() for each in found}


def measured(folder: Path, jobs: int) -> Touched:
    """Run the quick tests of the copy in ``folder`` under coverage, a share in each of ``jobs`` processes."""
    files = sorted(str(path.relative_to(folder)) for path in (folder / "tests").rglob("test_*.py"))
    with ThreadPoolExecutor(jobs) as pool:
        results = list(pool.map(lambda job: _covered(folder, files[job::jobs], job), range(jobs)))
    data = CoverageData(str(folder / "touched"))
    for part in sorted(folder.glob("touched-*.*")):
        found = CoverageData(str(part))
        found.read()
        data.update(found)
    seconds = {file: each for times, _ in results for file, each in times.items()}
    return Touched(folder, data, seconds, [file for _, failing in results for file in failing])


def _covered(folder: Path, files: list[str], job: int) -> tuple[dict[str, float], list[str]]:
    """The seconds of each of ``files``, and those that fail."""
    result = folder / f"result-{job}"
    cover = ["coverage", "run", "--parallel-mode", f"--data-file={folder}/touched-{job}"]
    words = [sys.executable, "-m", *cover, "-m", "pytest", "-p", contexts.__name__, *QUICK, *files]
    variables = {**environment(folder), contexts.RESULT: str(result)}
    subprocess.run(words, cwd=folder, env=variables, check=False, capture_output=True)
    seconds, failing = json.loads(result.read_text())
    return seconds, failing


def environment(folder: Path) -> dict[str, str]:
    """That of a process which takes the package from ``folder``, whose sources change."""
    return {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
