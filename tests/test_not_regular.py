"""Pipes, sockets and devices instead of files: no wait, no read, one message."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from pymodutils.regular import REFUSED
from tests.fuzz import seeds
from tests.fuzz.cases import folder
from tests.fuzz.subjects import MODULES
from tests.oracles.modprobe import here, kmod

SECONDS = 60
LINES = (
    *("modprobe -n made", "modprobe -D -a made net-pf-1 fs-made", "modprobe -c", "modprobe -R fs-made"),
    *("modinfo made", "modinfo unix", "depmod -n", "depmod", "static-nodes", "graph made"),
)
FILES = (
    *(f"{MODULES}/{name}" for name in (*seeds.indexes(), "modules.weakdep", "kernel/made.ko")),
    *("root/etc/modprobe.d/a.conf", "root/etc/depmod.d/a.conf", "root/proc/cmdline"),
)
SAID = (REFUSED, "unsupported file type")
ZEROS = "root/dev/zero"


def listening(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        back = os.getcwd()
        os.chdir(os.path.dirname(path))  # the whole path may be too long
        made.bind(os.path.basename(path))
        os.chdir(back)


MAKE: dict[str, Callable[[str], None]] = {
    "pipe": os.mkfifo,
    "socket": listening,
    "zeros": lambda path: os.symlink("/dev/zero", path),
}


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine with a zero device, or a pipe if it cannot be created."""
    where = folder(tmp_path / "machine")
    (where / "root/dev").mkdir()
    if os.geteuid():
        os.mkfifo(where / ZEROS)
    else:
        os.mknod(where / ZEROS, 0o20666, os.makedev(1, 5))
    return where


@pytest.mark.parametrize(("name", "kind"), [(name, sorted(MAKE)[at % 3]) for at, name in enumerate(FILES)])
def test_not_read_and_said(machine: Path, name: str, kind: str) -> None:
    (machine / name).unlink(missing_ok=True)
    MAKE[kind](str(machine / name))
    said = ""
    signal.alarm(SECONDS)
    for line in LINES:
        tool, *words = line.split()
        said += here("--sysroot", str(machine / "root"), *words, tool=tool).err
    signal.alarm(0)
    assert "internal error" not in said
    assert any(words in said for words in SAID)


@pytest.mark.lane
def test_a_masked_file_is_an_empty_one_as_for_kmod(tmp_path: Path) -> None:
    (tmp_path / "lib/modules/1.0").mkdir(parents=True)
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/masked.conf").symlink_to("/dev/null")
    (tmp_path / "conf/a.conf").write_text("alias one two\n")
    words = ["-c", "-C", str(tmp_path / "conf"), "-d", str(tmp_path), "-S", "1.0"]
    assert here(*words) == kmod(34, *words)
