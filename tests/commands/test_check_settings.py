"""Defaults from pyproject.toml, selection of rules, colours and folding."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.checks.made import Desk

CHECK = [sys.executable, "-m", "pymodutils", "check", "--no-cache"]
STYLE = re.compile(r"\x1b\[[\d;]*m|\r")
REPOSITORY = Path(__file__).parents[2]


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "200"}
    return subprocess.run(
        [*CHECK, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def on_a_terminal(folder: Path, *words: str) -> str:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (50, 120))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    with subprocess.Popen(
        [*CHECK, *words],
        cwd=folder,
        stdout=theirs,
        env={**environment, "TERM": "xterm"} | {"PYTHONPATH": str(REPOSITORY)},
    ) as running:
        os.close(theirs)
        shown = b""
        while True:
            try:
                shown += (part := os.read(ours, 1 << 16))
            except OSError:  # EIO: the program has left
                break
            if not part:
                break
        running.wait(60)
    os.close(ours)
    return shown.decode()


def bad(desk: Desk) -> str:
    return desk.module("bad", imports=["lost"], versions={"lost": 1})


def test_the_nearest_table_gives_defaults(desk: Desk) -> None:
    desk.kernel()
    desk.file("pyproject.toml", b'[tool.pymodutils]\nkernel = "kernel.json"\nignore = ["unknown,crc"]\n')
    desk.file("sub/pyproject.toml", b"[project]\nname = 'x'\n")
    module = bad(desk)
    for folder in (desk.folder, desk.folder / "sub"):
        done = run(folder, module)
        assert (done.returncode, done.stderr) == (0, "")
        assert "bad     ENOENT (ignored)" in done.stdout
    assert run(desk.folder, module, "--ignore", "crc").returncode == 1  # the command line takes precedence


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('kernels = "x"', "tool.pymodutils has no key 'kernels', did you mean 'kernel'?"),
        ("kernel = 6", "tool.pymodutils.kernel is not a string or an array of strings"),
        ('cmdline = ["a", "b"]', "tool.pymodutils.cmdline is not a string"),
        ('ignore = "tain"', "unknown rule 'tain', did you mean 'taint'?"),
        ('fail-on = "none"', "'none' is not one of 'error', 'warning', 'never'"),
        ("kernel =", "Invalid value (at line 2, column 9)"),
    ],
)
def test_what_is_wrong_with_the_table(desk: Desk, text: str, said: str) -> None:
    desk.file("pyproject.toml", f"[tool.pymodutils]\n{text}\n".encode())
    done = run(desk.folder, desk.module())
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert run(desk.folder, "--help").returncode == 0


def test_the_syntax_of_other_tables_is_not_looked_at(desk: Desk) -> None:
    desk.file("pyproject.toml", b"not TOML at all")
    assert run(desk.folder, "-k", desk.kernel(), desk.module()).returncode == 0


def test_rules_are_selected_and_ignored(desk: Desk) -> None:
    closed = desk.module("closed", licence="Proprietary", imports=["lost"], versions={"lost": 1})
    words = ["-k", desk.kernel(), bad(desk), closed]
    assert run(desk.folder, *words).returncode == 1
    done = run(desk.folder, *words, "--ignore", "unknown")
    assert done.returncode == 0
    assert "2 ignored failures" in done.stdout
    assert run(desk.folder, *words, "--select", "crc,vermagic").returncode == 0
    assert run(desk.folder, *words, "--select", "crc", "--select", "unknown").returncode == 1
    done = run(desk.folder, *words, "--ignore", "unkown")
    assert done.returncode == 2
    assert "unknown rule 'unkown', did you mean 'unknown'?" in done.stderr
    assert "did you mean 'vermagic'" in run(desk.folder, "--explain", "vermagik").stderr


def test_warnings_that_are_ignored_do_not_fail(desk: Desk) -> None:
    words = ["-k", desk.kernel(), desk.module(licence="Proprietary"), "--fail-on", "warning"]
    assert run(desk.folder, *words).returncode == 1
    assert run(desk.folder, *words, "--ignore", "taint").returncode == 0


def test_colours(desk: Desk) -> None:
    words = ["-k", desk.kernel(), desk.module()]
    assert "\x1b[" not in run(desk.folder, *words).stdout
    coloured = run(desk.folder, *words, "--color", "always").stdout
    assert "\x1b[32mloads" in coloured
    assert STYLE.sub("", coloured).split() == run(desk.folder, *words).stdout.split()
    assert "\x1b[" in on_a_terminal(desk.folder, *words)
    assert "\x1b[" not in on_a_terminal(desk.folder, *words, "--color=never")


def test_only_a_terminal_gets_folded_lists(desk: Desk) -> None:
    """With --full, the output is that for files and pipes."""
    names = [f"lost{number}" for number in range(9)]
    modules = [desk.module(f"m{at}", imports=names[: at % 9 + 1], versions={"x": 1}) for at in range(45)]
    words = ["-k", desk.kernel(), *modules]
    folded, full = (STYLE.sub("", on_a_terminal(desk.folder, *words, *more)) for more in ((), ("--full",)))
    piped = run(desk.folder, *words).stdout
    assert "5 more modules are not listed (--full lists them)" in folded
    assert " and 39 more\n" in folded
    assert "--full" not in full + piped
    assert full.split() == piped.split()
    for at in range(45):
        assert re.search(rf"^m{at} +ENOENT: unknown$", piped, re.MULTILINE)
    assert f"all: {', '.join(names)}" in piped


def test_a_deleted_working_directory_has_no_settings(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    words = [*CHECK, "-k", desk.kernel(), desk.module()]
    script = 'cd "$0" && rmdir "$0" && exec "$@"'
    done = subprocess.run(
        ["sh", "-c", script, str(tmp_path / "gone"), *words],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
