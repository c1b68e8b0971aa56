"""Hooks in a chroot: dpkg installing Debian's kernels, kernel-install, apt."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.oracles import chroot
from tests.oracles.debian import fetched, newest

pytestmark = [pytest.mark.lane, pytest.mark.slow]


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A system with Debian 12's cloud kernel, and Debian 13's available."""
    folder = chroot.made(tmp_path / "system")
    old, new = newest("linux-image-cloud-amd64"), newest("linux-image-cloud-amd64", "trixie")
    for name, suite in ((old, "bookworm"), (new, "trixie")):
        shutil.copy(fetched(name, suite), folder / "root" / f"{name}.deb")
    done = chroot.run(folder, "dpkg", "--force-depends", "-i", f"/root/{old}.deb")
    assert done.returncode == 0, done.stderr
    return folder


def dpkg_warns_and_goes_on(system: Path) -> None:
    new = newest("linux-image-cloud-amd64", "trixie")
    release = new.removeprefix("linux-image-")
    done = chroot.run(
        system, "python3", "-m", "pymodutils", "hooks", "install", "debian", "kernel-install", "apt"
    )
    assert done.returncode == 0, done.stderr
    (system / "etc/modules").write_text("nosuch_module\n")
    done = chroot.run(system, "dpkg", "--force-depends", "-i", f"/root/{new}.deb")
    assert done.returncode == 0, done.stderr
    assert f"pymodutils: {release}: file nosuch_module: {release} has no nosuch_module" in done.stderr
    done = chroot.run(
        system, "dpkg", "--force-depends", "-i", f"/root/{new}.deb", PYMODUTILS_PREFLIGHT="strict"
    )
    assert done.returncode != 0
    assert "zz-pymodutils exited with return code 1" in done.stderr + done.stdout
    (system / "etc/modules").write_text("")
    done = chroot.run(
        system, "dpkg", "--force-depends", "-i", f"/root/{new}.deb", PYMODUTILS_PREFLIGHT="strict"
    )
    assert done.returncode == 0, done.stderr


def kernel_install_runs_the_plugin(system: Path) -> None:
    release = newest("linux-image-cloud-amd64", "trixie").removeprefix("linux-image-")
    (system / "etc/modules").write_text("nosuch_module\n")
    done = chroot.run(system, "kernel-install", "add", release, f"/boot/vmlinuz-{release}")
    assert "file nosuch_module" in done.stderr
    assert done.returncode == 0, done.stderr


def apt_reads_its_file(system: Path) -> None:
    done = chroot.run(system, "apt-config", "dump", "DPkg::Post-Invoke")
    assert "pymodutils hooks run --changed" in done.stdout
    command = next(line.split('"')[1] for line in done.stdout.splitlines() if "hooks run" in line)
    (system / "etc/modules").write_text("nosuch_module\n")
    done = chroot.run(system, "sh", "-c", command.replace("\\", ""))
    assert done.returncode == 0
    assert "file nosuch_module" in done.stderr


def removed_they_are_gone(system: Path) -> None:
    assert chroot.run(system, "python3", "-m", "pymodutils", "hooks", "remove").returncode == 0
    assert not list(system.glob("etc/**/*pymodutils*"))


def test_hooks_where_they_belong(system: Path) -> None:
    """One system for all steps, in this order: each needs the previous one."""
    dpkg_warns_and_goes_on(system)
    kernel_install_runs_the_plugin(system)
    apt_reads_its_file(system)
    removed_they_are_gone(system)
