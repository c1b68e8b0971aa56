"""Hooks are written, run and removed; a finding is one line and never fails an upgrade."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pymodutils.preflight.hooks import HOOKS
from tests import process
from tests.preflight.made import NEW, OLD, Machine


def hooks(root: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    cache = {"XDG_CACHE_HOME": str(root / "cache")}
    return process.pymodutils("hooks", "--sysroot", str(root), *words, **cache, **environment)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine that runs OLD with a file system that NEW lacks."""
    made = Machine(tmp_path / "root")
    made.add(OLD, "oldfs", "alias=fs-oldfs", folder="kernel/fs")
    made.depmod()
    for name, text in {
        "proc/sys/kernel/osrelease": OLD,
        "proc/modules": "",
        "etc/fstab": "/dev/vda / oldfs defaults 0 1\n",
        "sys/devices/x/modalias": "x:y",
    }.items():
        path = made.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return made


def test_a_loss_is_a_line_and_status_0(machine: Machine) -> None:
    done = hooks(machine.root, "run", NEW)
    assert done.returncode == 0
    first, last = done.stderr.splitlines()
    assert first.startswith(f"pymodutils: {NEW}: file system oldfs: {NEW} has no file system oldfs")
    assert last == f"pymodutils: before you boot {NEW}: pymodutils preflight -k {NEW}"
    assert hooks(machine.root, "run", NEW, PYMODUTILS_PREFLIGHT="strict").returncode == 1


def test_nothing_lost_is_silent(machine: Machine) -> None:
    (machine.root / "etc/fstab").write_text("")
    done = hooks(machine.root, "run", NEW, PYMODUTILS_PREFLIGHT="strict")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_its_own_failure_is_a_line_and_status_0(machine: Machine) -> None:
    done = hooks(machine.root, "run", "9.9.9")
    assert done.returncode == 0
    assert done.stderr.startswith("pymodutils: preflight of 9.9.9 failed: ")
    assert done.stderr.count("\n") == 1
    assert hooks(machine.root, "run", "9.9.9", PYMODUTILS_PREFLIGHT="strict").returncode == 1


def test_only_kernels_that_are_new_since_the_last_run(machine: Machine) -> None:
    (machine.root / "run").mkdir()
    assert NEW in hooks(machine.root, "run", "--changed").stderr
    assert hooks(machine.root, "run", "--changed").stderr == ""
    assert hooks(machine.root, "run").stderr == ""
    os.utime(machine.root / f"lib/modules/{NEW}/modules.dep", (0, 0))  # as pacman leaves it: not newer
    assert NEW in hooks(machine.root, "run", "--changed").stderr


def test_installed_and_removed(tmp_path: Path) -> None:
    for folder in ("etc/kernel/postinst.d", "usr/lib/kernel/install.d", "etc/apt/apt.conf.d", "etc/dkms"):
        (tmp_path / folder).mkdir(parents=True)
    source = tmp_path / "var/lib/dkms/zfs/2.2/source"
    source.mkdir(parents=True)
    theirs = tmp_path / "etc/dkms/other.conf"
    theirs.write_text("POST_INSTALL=own\n")
    done = hooks(tmp_path, "install")
    assert done.returncode == 0, done.stderr
    paths = [tmp_path / hook.path.lstrip("/") for hook in HOOKS.values()] + [tmp_path / "etc/dkms/zfs.conf"]
    assert done.stdout.splitlines() == [f"wrote {path}" for path in paths]
    for hook in HOOKS.values():
        assert os.access(tmp_path / hook.path.lstrip("/"), os.X_OK) is hook.executable
    assert hooks(tmp_path, "install").returncode == 0  # again
    done = hooks(tmp_path, "remove")
    assert len(done.stdout.splitlines()) == len(paths)
    assert not any(path.exists() for path in paths)
    assert theirs.exists()


def test_only_what_is_asked_for_and_never_over_a_file_of_others(tmp_path: Path) -> None:
    done = hooks(tmp_path, "install")
    assert (done.returncode, done.stdout) == (1, "")
    assert hooks(tmp_path, "install", "apt").returncode == 0
    assert hooks(tmp_path, "install", "nosuch").returncode == 1
    path = tmp_path / "etc/kernel/postinst.d/zz-pymodutils"
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n")
    done = hooks(tmp_path, "install", "debian")
    assert done.returncode == 1
    assert "move it away" in done.stderr
    hooks(tmp_path, "remove")
    assert path.exists()


@pytest.mark.parametrize("shell", ["debian", "kernel-install"])
def test_the_script_does_nothing_without_its_python(tmp_path: Path, shell: str) -> None:
    hook = HOOKS[shell]
    path = tmp_path / "hook"
    path.write_text(hook.text.replace("{python}", str(tmp_path / "gone")).replace("{words}", hook.words))
    done = subprocess.run(["sh", path, "add", "1"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_missing_word_is_one_line(tmp_path: Path) -> None:
    done = hooks(tmp_path)
    text = "hooks: ERROR: missing argument: pymodutils hooks [OPTIONS] {install|remove|run} [NAME"
    assert done.stderr.startswith(text)
    assert (done.stderr.count("\n"), done.returncode) == (1, 1)
