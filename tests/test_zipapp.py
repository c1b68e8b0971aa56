"""The single file: everything in it runs with python3 alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pymodutils.elf import compress

REPOSITORY = Path(__file__).parent.parent
TRY = REPOSITORY / "demo/try"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("zipapp") / "pymodutils.pyz"
    subprocess.run([sys.executable, REPOSITORY / ".ci/zipapp", path], check=True, timeout=120)
    return path


def run(single: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The file run by a Python with only its standard library."""
    command = [sys.executable, "-I", "-S", str(single), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", timeout=120)


def test_it_checks(single: Path) -> None:
    done = run(single, "check", "--no-cache", "--kernel", f"{TRY}/6.1.json", f"{TRY}/hello.ko")
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 of 1 load" in done.stdout


def test_it_has_its_data(single: Path) -> None:
    words = ("check", "--no-cache", "--format", "html", "--kernel", f"{TRY}/6.1.json", f"{TRY}/hello.ko")
    assert run(single, *words).stdout.startswith("<!DOCTYPE html>")
    assert "_pymodutils" in run(single, "completion", "bash").stdout
    assert run(single, "--version").stdout.startswith("kmod version 34")
    assert run(single, "modinfo", "-F", "license", f"{TRY}/hello.ko").stdout.strip()


def test_zstd_is_that_of_the_system(single: Path, tmp_path: Path) -> None:
    path = tmp_path / "hello.ko.zst"
    path.write_bytes(compress.zstd().compress((TRY / "hello.ko").read_bytes()))
    done = run(single, "modinfo", "-F", "license", str(path))
    assert (done.returncode, done.stderr) == (0, "")
