"""The reports of tests/conftest.py, in a pytest process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
TESTS = """
import sys
import pytest

NAME = b"bad-\\xff".decode("utf-8", "surrogateescape")

def test_message():
    assert NAME == "good"

def test_output():
    sys.stdout.write(ascii(NAME))
    pytest.fail(NAME)

def test_skipped():
    pytest.skip(NAME)

@pytest.mark.parametrize("number", range(4))
def test_sound(number):
    pass
"""


def test_a_report_with_a_lone_surrogate_does_not_end_the_run(tmp_path: Path) -> None:
    (tmp_path / "test_bytes.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    words = [
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
        "-c",
        str(tmp_path / "pytest.ini"),
        "-n",
        "1",
        "-rs",
    ]
    command = [sys.executable, "-m", "pytest", *words, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "2 failed, 4 passed, 1 skipped" in done.stdout, done.stdout + done.stderr
    assert "bad-\\udcff" in done.stdout
