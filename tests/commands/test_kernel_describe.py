"""``pymodutils kernel describe``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernelimage import build

KERNEL = build.raw(build.Shape(), build.rows(), 0x80100000)


def run(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pymodutils", "kernel", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "vmlinuz"
    path.write_bytes(KERNEL)
    return path


def test_text_says_what_is_known_and_what_is_not(image: Path) -> None:
    done = run("describe", image)
    assert done.returncode == 0
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    count = len(build.rows())
    gpl = sum(row.gpl for row in build.rows().values())
    assert lines[0] == f"release:       {build.RELEASE}"
    assert f"({gpl} GPL-only, {count} with a CRC, {count} with an address, " in done.stdout
    assert "unknown:" in lines
    assert any(line.startswith("  switches: no source tells ") for line in lines)


def test_a_saved_description_tells_the_same(image: Path, tmp_path: Path) -> None:
    saved = tmp_path / "k.json"
    first = run("describe", image, "-o", saved)
    assert run("describe", saved).stdout == first.stdout
    assert run("describe", image, "--format", "json").stdout == saved.read_text()
    assert json.loads(saved.read_text())["exports"]["kfree"][2] == build.rows()["kfree"].gpl
    assert os.listdir(tmp_path) == ["vmlinuz", "k.json"] or sorted(os.listdir(tmp_path)) == [
        "k.json",
        "vmlinuz",
    ]


def test_conflicts_are_warned_of(image: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(KERNEL.replace(b"6.1.0-test", b"6.1.0-best"))
    done = run("describe", image, other)
    assert done.returncode == 0
    assert "kernel describe: WARNING: release: " in done.stderr
    assert "'6.1.0-test'" in done.stderr
    assert done.stdout.startswith("release:       6.1.0-test\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["describe", "absent"], "could not open absent: No such file or directory"),
        (["describe"], "missing argument: pymodutils kernel describe [OPTIONS] SOURCE..."),
        (["describe", "/etc/hostname"], "/etc/hostname: no Linux kernel in it"),
        (["describe", "vmlinuz", "-o", "no/such/k.json"], "could not write no/such/k.json"),
        (["nonsense"], "unknown command 'nonsense'"),
        ([], "missing command"),
    ],
)
def test_errors_are_one_line_and_status_1(
    words: list[str], message: str, image: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pymodutils", "kernel", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.path.abspath(".")},
    )
    assert done.returncode == 1
    assert message in done.stderr.splitlines()[0]
    assert "Traceback" not in done.stderr
    assert image.exists()


def test_help_names_the_command() -> None:
    assert "describe" in run("--help").stdout
    assert "SOURCE" in run("describe", "-h").stdout
