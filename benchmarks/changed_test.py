"""From a changed KUnit test to its first result: here, and by kunit.py with User Mode Linux.

Both build and run lib/list-test.c of 6.1, changed by a comment; what else there is has been built.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.cpu import used
from tests.oracles import kunit, kunit_tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TEST: Final = "list-test"
HERE, THERE = "ok 1 list_test_list_init", "[PASSED] list_test_list_init"  # how the first result is told


class Times(NamedTuple):
    """Seconds of a step: of processors, and of the wall up to its end or its first result."""

    cpu: float
    wall: float

    def __str__(self) -> str:
        return f"{self.cpu:.2f} s of CPU, {self.wall:.2f} s"


def lines(image: Path) -> Iterator[str]:
    """A line for each of both; ``image`` is the kernel here."""
    with tempfile.TemporaryDirectory() as folder:
        work = kunit.worked(Path(folder))
        change(work / f"{TEST}.c")
        build = _timed(lambda: kunit.remade(work))
        command = [sys.executable, "-um", "pymodutils", "kunit", "-k", str(image), str(work / f"{TEST}.ko")]
        _first(command, Path.cwd(), HERE)  # keeps the kernel
        yield f"a changed test here: build {build}; first result {_first(command, Path.cwd(), HERE)}"
    top = kunit_tool.tree()
    change(top / f"lib/{TEST}.c")
    build = _timed(
        lambda: subprocess.run(kunit_tool.words("build"), cwd=top, check=True, capture_output=True)
    )
    yield f"by kunit.py and UML: build {build}; first result {_first(kunit_tool.words('exec'), top, THERE)}"


def change(source: Path) -> None:
    """Let ``source`` be another text than before."""
    text = source.read_text().partition("/* changed at ")[0]
    source.write_text(f"{text}/* changed at {time.time()} */\n")


def _timed(work: Callable[[], object]) -> Times:
    before, started = used(), time.monotonic()
    work()
    return Times(used() - before, time.monotonic() - started)


def _first(command: list[str], folder: Path, result: str) -> Times:
    """The wall up to the line with ``result``; the processors up to the end of all tests."""
    before, started, wall = used(), time.monotonic(), 0.0
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as running:
        for line in running.stdout or ():
            if result in line and not wall:
                wall = time.monotonic() - started
    if not wall:
        raise RuntimeError(f"no {result!r} from {command}")
    return Times(used() - before, wall)
