"""lsmod on made directories; real kernels are in tests/lanes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernel.emulated.modules import kernel, module

MODULES = """\
vfat 24576 1 - Live 0xffffffffc0a10000
a_name_that_is_longer_than_its_column 90112 12 vfat,x, Live 0xffffffffc09f0000 (OE)
"""


def lsmod(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pymodutils", "lsmod", *words],
        env={**os.environ, "PYMODUTILS_SYSROOT": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/modules").write_text(MODULES)
    return tmp_path


def test_text_is_kmods_columns(root: Path) -> None:
    """Rows are formatted with kmod's ``%-19s %8ld  %d``; long names shift the columns."""
    assert lsmod(root).stdout == (
        "Module                  Size  Used by\n"
        "vfat                   24576  1\n"
        "a_name_that_is_longer_than_its_column    90112  12 vfat,x\n"
    )


def test_json_has_every_field(root: Path) -> None:
    assert json.loads(lsmod(root, "--format", "json").stdout) == {
        "modules": [
            {
                "name": "vfat",
                "size": 24576,
                "users": 1,
                "holders": [],
                "state": "live",
                "address": 0xFFFFFFFFC0A10000,
                "taints": "",
                "assumed": False,
            },
            {
                "name": "a_name_that_is_longer_than_its_column",
                "size": 90112,
                "users": 12,
                "holders": ["vfat", "x"],
                "state": "live",
                "address": 0xFFFFFFFFC09F0000,
                "taints": "OE",
                "assumed": False,
            },
        ]
    }


def test_table_has_every_module(root: Path) -> None:
    shown = lsmod(root, "--format=table").stdout.splitlines()
    assert shown[0].split() == ["Module", "Size", "Uses", "Used", "by", "State", "Taints"]
    assert shown[1].split() == ["vfat", "24,576", "1", "live"]


def test_without_proc_modules_it_says_so_as_kmod_does(tmp_path: Path) -> None:
    done = lsmod(tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        f"lsmod: ERROR: could not open {tmp_path}/proc/modules: No such file or directory\n"
        "lsmod: ERROR: could not get list of modules: No such file or directory\n"
    )


def test_a_damaged_list_is_one_line_not_a_traceback(root: Path) -> None:
    (root / "proc/modules").write_text("vfat\n")
    done = lsmod(root)
    assert (done.returncode, done.stdout) == (1, "")
    assert "proc/modules:1: not a line about a module: 'vfat'" in done.stderr
    assert "Traceback" not in done.stderr


def test_names_of_any_bytes_come_out_as_they_are(root: Path) -> None:
    (root / "proc/modules").write_bytes(b"caf\xe9 1 0 - Live 0x0\n")
    out = subprocess.run(
        [sys.executable, "-m", "pymodutils", "lsmod", "--sysroot", root], capture_output=True, check=True
    ).stdout
    assert out.splitlines()[1].startswith(b"caf\xe9 ")


def test_the_table_of_an_emulated_kernel(tmp_path: Path) -> None:
    """A page each of text, data and symbols, and one of read-only data for exporters."""
    state = str(tmp_path / "k.state")
    booted = kernel(state)
    booted.init_module(module("base", exports=["base_call"]))
    booted.init_module(module("user", imports=["base_call"], versions={"base_call": 0x100}, licence="Bad"))
    shown = lsmod(Path(), "--format=table", "--backend", f"emulated:{state}").stdout.splitlines()
    assert [line.split() for line in shown[1:]] == [
        ["user", "12,288", "0", "live", "(assumed)", "P"],
        ["base", "16,384", "1", "user", "live", "(assumed)"],
    ]
