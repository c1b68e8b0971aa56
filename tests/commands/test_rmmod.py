"""rmmod's messages on made directories, and its output on a terminal while it waits."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pymodutils import cli
from pymodutils.kernel.real import RealKernel
from tests.oracles.kmod import kmod34


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "pymodutils", "rmmod", *words]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine with fat, used by vfat and a mount, and stuck, used only by a mount."""
    for name, users in (("fat", "2"), ("stuck", "1")):
        folder = tmp_path / "sys/module" / name
        (folder / "holders").mkdir(parents=True)
        (folder / "initstate").write_text("live\n")
        (folder / "refcnt").write_text(users + "\n")
    (tmp_path / "sys/module/fat/holders/vfat").touch()
    return tmp_path


def rmmod(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    words = ("--sysroot", str(root), *words)
    return subprocess.run(command(*words), capture_output=True, text=True, check=False, timeout=30)


def test_each_name_is_tried_and_any_failure_counts(root: Path) -> None:
    done = rmmod(root, "fat", "no-such", "stuck")
    assert done.returncode == 1
    assert done.stderr == (
        "rmmod: ERROR: Module fat is in use by: vfat\n"
        "rmmod: ERROR: Module no_such is not currently loaded\n"
        "rmmod: ERROR: Module stuck is in use\n"
    )


@pytest.mark.parametrize("word", ["", ".", ".hidden"])
def test_an_empty_name_is_not_loaded(root: Path, word: str) -> None:
    assert rmmod(root, word).stderr == "rmmod: ERROR: Module  is not currently loaded\n"


@pytest.mark.lane
@pytest.mark.parametrize("word", ["/", "//", "./", "/usr/"])
def test_a_directory_is_no_module(root: Path, word: str) -> None:
    theirs = subprocess.run([*kmod34("rmmod"), word], capture_output=True, text=True, check=False)
    assert rmmod(root, word).stderr == theirs.stderr


def test_a_wait_in_a_pipe_is_quiet_until_it_gives_up(root: Path) -> None:
    done = rmmod(root, "--wait=0.2", "fat")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "rmmod: ERROR: Module fat is in use by: vfat\n"


def test_the_value_of_wait_is_never_the_next_word(root: Path) -> None:
    done = rmmod(root, "--wait=0", "5")
    assert done.stderr == "rmmod: ERROR: Module 5 is not currently loaded\n"
    assert rmmod(root, "--wai", "5").stderr == done.stderr


def read_until(fd: int, wanted: bytes) -> bytes:
    """The output up to ``wanted``, within some seconds."""
    found = b""
    deadline = time.monotonic() + 20
    while wanted not in found and time.monotonic() < deadline:
        if select.select([fd], [], [], 1)[0]:
            found += os.read(fd, 1024)
    return found


def test_a_wait_on_a_terminal_shows_the_holders_and_can_be_given_up(root: Path) -> None:
    outer, inner = pty.openpty()
    waiting = subprocess.Popen(
        command("--sysroot", str(root), "--wait", "fat"), stdin=inner, stdout=inner, stderr=inner
    )
    shown = read_until(outer, b"Ctrl-C to give up")
    waiting.send_signal(signal.SIGINT)
    assert waiting.wait(20) == -signal.SIGINT
    shown += read_until(outer, b"\r\x1b[K")
    os.close(inner)
    os.close(outer)
    assert b"rmmod: Module fat is in use by: vfat (reference count 2); waiting, Ctrl-C to give up" in shown
    assert shown.endswith(b"\r\x1b[K")


def test_a_forced_removal_says_what_it_risks(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deleted: list[tuple[str, bool]] = []

    def delete(_kernel: RealKernel, name: str, *, force: bool) -> None:
        deleted.append((name, force))

    monkeypatch.setattr(RealKernel, "delete", delete)
    assert cli.run("rmmod", "rmmod", cli.TOOLS["rmmod"], ["--sysroot", str(root), "-f", "fat", "other"]) == 0
    assert deleted == [("fat", True), ("other", True)]
    assert capsys.readouterr().err == (
        "rmmod: WARNING: Module fat is in use by: vfat; removing it by force: "
        "whatever still uses it may crash the machine or destroy data\n"
    )
