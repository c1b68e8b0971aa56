"""Output of kmod's main branch after 34, which is not packaged yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.elf import made
from tests.oracles.modprobe import here
from tests.oracles.small import RELEASE, make

NOTE = b"\4\0\0\0\x14\0\0\0\3\0\0\0GNU\0" + bytes(range(0xA0, 0xB4))
SHOWN = ":".join(f"{byte:02X}" for byte in range(0xA0, 0xB4))


def test_modinfo_shows_the_build_id(tmp_path: Path) -> None:
    path = tmp_path / "m.ko"
    path.write_bytes(made.module({".modinfo": b"license=GPL\0parm=a:b\0", ".note.gnu.build-id": NOTE}))
    lines = [f"filename:       {path}", "license:        GPL", "parm:           a:b"]
    assert here(str(path), tool="modinfo").out.splitlines() == lines
    assert here("--compat", "34", str(path), tool="modinfo").out.splitlines() == lines
    lines[2:2] = [f"build-id:       {SHOWN}"]
    assert here("--compat", "35", str(path), tool="modinfo").out.splitlines() == lines


@pytest.mark.parametrize("release", [30, 34, 35])
def test_a_dry_run_prints(release: int, tmp_path: Path) -> None:
    modules = make(tmp_path)
    where = ["--sysroot", str(tmp_path), "--compat", str(release), "-S", RELEASE]
    steps = f"insmod {modules}/kernel/dummy.ko \n"
    assert here(*where, "-n", "dummy").out == (steps if release == 35 else "")
    assert here(*where, "-n", "-v", "dummy").out == steps
    assert here(*where, "-n", "-q", "dummy").out == ""


def test_what_34_gets_wrong_is_mended(tmp_path: Path) -> None:
    make(tmp_path)
    where = ["--sysroot", str(tmp_path), "--compat", "35", "-S", RELEASE]
    said = here(*where, "-n", "--remove-dependencies", "dummy")
    assert "--remove-dependencies is deprecated" in said.err
    assert "insmod" not in said.out
    assert "No such file" not in here(*where, "--show-exports", "dummy").err
