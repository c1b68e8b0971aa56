"""The examples for pacman and rpm, run by the real programs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from subprocess import CalledProcessError

import pytest

from tests.oracles import pacman, rpm
from tests.oracles.debian import Unavailable

HOOKS = Path(__file__).parents[2] / "docs/hooks"
KERNEL = {"usr/lib/modules/6.1.0-made/vmlinuz": b"kernel"}
CALLED = "pymodutils: applet not found"  # what busybox says if it is called so
pytestmark = [pytest.mark.lane, pytest.mark.slow]


def installed(folder: Path, files: dict[str, bytes], hooks: Path = HOOKS) -> str:
    """What pacman says when it installs ``files`` where pymodutils is busybox."""
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
    with pytest.raises(CalledProcessError):
        rpm.package(bad, tmp_path)
