"""Any internal error is one line for a user; a traceback on request."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
FAULT = """
import sys
from pymodutils import cli
from pymodutils.commands import lsmod
class Broken:
    def chosen(self, *words):
        raise {error}
lsmod.command = Broken()
cli.main(["lsmod"])
"""


def broken(error: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYMODUTILS_TRACEBACK"}
    return subprocess.run(
        [sys.executable, "-c", FAULT.format(error=error)],
        cwd=REPOSITORY,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "error", ["MemoryError", "RecursionError('deep')", "RuntimeError('no\\n thread')", "KeyError(1)"]
)
def test_one_line_and_status_1(error: str) -> None:
    done = broken(error)
    assert done.returncode == 1
    assert done.stderr.startswith("lsmod: ERROR: ")
    assert done.stderr.count("\n") == 1


def test_the_line_names_error_and_place() -> None:
    line = broken("ValueError('odd')").stderr
    assert "internal error: ValueError (<string>:7): odd" in line
    assert "PYMODUTILS_TRACEBACK=1" in line


def test_a_traceback_for_developers() -> None:
    assert "Traceback" in broken("ValueError('odd')", PYMODUTILS_TRACEBACK="1").stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_encoding_of_standard_output(encoding: str) -> None:
    words = ["check", "-k", "demo/try/6.1.json", "README.md", "demo/try/hello.ko", "--format", "markdown"]
    program = "import sys; sys.argv[0] = 'pymodutils'; from pymodutils.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert b"internal error" not in done.stderr
    assert b"hello" in done.stdout
