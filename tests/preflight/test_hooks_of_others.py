"""The examples for pacman and rpm, run by the real programs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.oracles import chroot, kernels, pacman, rpm
from tests.oracles.debian import Unavailable
from tests.oracles.kmod import kmod30

HOOKS = Path(__file__).parents[2] / "docs/hooks"
KERNEL = {"usr/lib/modules/6.1.0-made/vmlinuz": b"kernel"}
CALLED = "pymodutils: applet not found"  # what busybox says if it is called so
pytestmark = [pytest.mark.lane, pytest.mark.slow]


def installed(folder: Path, files: dict[str, bytes], hooks: Path = HOOKS) -> str:
    """The output of pacman installing ``files``, with busybox in place of pymodutils."""
    if os.geteuid() or not os.path.exists("/bin/busybox"):
        raise Unavailable("pacman needs root to run a hook, and busybox (package busybox-static)")
    root = folder / "root"
    (root / "usr/bin").mkdir(parents=True)
    shutil.copy("/bin/busybox", root / "usr/bin/pymodutils")
    done = pacman.install(root, pacman.package(folder, "linux", files), hooks)
    return done.stdout + done.stderr


def test_pacman_runs_the_hook_after_a_kernel(tmp_path: Path) -> None:
    said = installed(tmp_path, KERNEL)
    assert "Checking what the new kernel would break..." in said, said
    assert CALLED in said


def test_pacman_does_not_run_it_after_anything_else(tmp_path: Path) -> None:
    said = installed(tmp_path, {"usr/bin/tool": b"tool"})
    assert "Checking" not in said, said


def test_pacman_refuses_a_hook_with_a_mistake(tmp_path: Path) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    text = (HOOKS / "pymodutils-preflight.hook").read_text()
    (hooks / "bad.hook").write_text(text.replace("PostTransaction", "Never"))
    assert "bad.hook" in installed(tmp_path, KERNEL, hooks)


def test_rpm_has_the_file_trigger(tmp_path: Path) -> None:
    package = rpm.package(HOOKS / "pymodutils-preflight.spec", tmp_path)
    tags = ("TYPE", "SCRIPTPROG", "CONDS", "SCRIPTS")
    said = [rpm.run("rpm", "-qp", "--qf", f"[%{{TRANSFILETRIGGER{tag}}}]", str(package)) for tag in tags]
    command = "/usr/bin/pymodutils hooks run --changed || :"
    assert said == ["in", "/bin/sh", "/lib/modules, /usr/lib/modules", command]


def test_rpm_refuses_a_spec_with_a_mistake(tmp_path: Path) -> None:
    bad = tmp_path / "bad.spec"
    text = (HOOKS / "pymodutils-preflight.spec").read_text()
    bad.write_text(text.replace("%transfiletriggerin --", "%transfiletriggerin"))
    with pytest.raises(subprocess.CalledProcessError):
        rpm.package(bad, tmp_path)


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a kernel package: the image, and a few of its modules."""
    found, folder = kernels.kernel("cloud-amd64"), tmp_path_factory.mktemp("kernel")
    place = folder / "usr/lib/modules" / found.release
    shutil.copytree(found.modules / "kernel/fs/fat", place / "kernel/fs/fat")
    for file in found.modules.glob("modules.builtin*"):
        shutil.copy(file, place)
    shutil.copy(found.image, place / "vmlinuz")
    subprocess.run([*kmod30("depmod"), "-b", folder / "usr", found.release], check=True)
    return folder


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A system with pymodutils whose /etc/modules names one that no kernel has."""
    folder = chroot.made(tmp_path / "system")
    program = folder / "usr/bin/pymodutils"
    program.write_text('#!/bin/sh\nexec python3 -m pymodutils "$@"\n')
    program.chmod(0o755)
    (folder / "etc/modules").write_text("nosuch_module\n")
    return folder


def warns(kernel: Path, said: str) -> bool:
    """Whether the preflight reports the module; raises Unavailable if it was late."""
    [release] = [it.name for it in (kernel / "usr/lib/modules").iterdir()]
    if "it takes more than" in said:
        raise Unavailable("this machine is too busy for the 10 s of a hook")
    return f"pymodutils: {release}: file nosuch_module: {release} has no nosuch_module" in said


def test_rpm_installs_a_kernel_and_the_trigger_warns(system: Path, kernel: Path, tmp_path: Path) -> None:
    for name in ("trigger", "kernel"):
        (tmp_path / name).mkdir()
    trigger = rpm.package(HOOKS / "pymodutils-preflight.spec", tmp_path / "trigger")
    assert "pymodutils:" not in rpm.install(system, trigger)
    said = rpm.install(system, rpm.build(kernel, "w1.gzdio", tmp_path / "kernel"))
    assert warns(kernel, said), said


def test_pacman_installs_a_kernel_and_the_hook_warns(system: Path, kernel: Path, tmp_path: Path) -> None:
    files = {str(it.relative_to(kernel)): it.read_bytes() for it in kernel.rglob("*") if it.is_file()}
    done = pacman.install(system, pacman.package(tmp_path, "linux", files), HOOKS)
    assert done.returncode == 0, done.stderr
    assert warns(kernel, done.stdout + done.stderr), done.stdout
