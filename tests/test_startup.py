"""Imports of each tool before it does its work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pymodutils.cli import SUBCOMMANDS, TOOLS
from tests.depends.depmod.made import module as made
from tests.depends.depmod.made import place
from tests.environment import without_coverage
from tests.kernel.emulated.modules import kernel, module

REPOSITORY = Path(__file__).parent.parent
HEAVY = {"networkx", "rich", "elftools", "backports.zstd"}
SLOW = {"argparse", "ctypes", "dataclasses", "json", "logging", "lzma", "pathlib", "subprocess", "zlib"}
QUICK = {  # tool -> words that do its everyday work without a module directory
    "lsmod": [],
    "rmmod": ["nosuch_module"],
    "insmod": ["/nonexistent.ko"],
    "modinfo": ["-F", "license", "nosuch_module"],
    "modprobe": ["-n", "nosuch_module"],
}

PAST = ("pymodutils.linux24", "pymodutils.dyn", "pymodutils.talk", "pymodutils.arch.historic")


LAUNCHER = """
import os, sys
leave = os._exit
def tell(status):
    sys.stderr.write("\\nIMPORTED " + " ".join(sys.modules))
    sys.stderr.flush()
    leave(status)
os._exit = tell
from pymodutils.__main__ import main
main()
"""


def imported(tool: str, *words: str) -> set[str]:
    """The modules in sys.modules when a fresh process that ran ``tool`` exits."""
    done = subprocess.run(
        [sys.executable, "-c", LAUNCHER, tool, *words],
        cwd=REPOSITORY,
        env=without_coverage(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    before, mark, names = done.stderr.rpartition("\nIMPORTED ")
    assert mark, before
    return set(names.split())


def test_the_measure_sees_imports() -> None:
    assert {"click", "pymodutils.commands.getopt", "pymodutils.commands.lsmod"} <= imported("lsmod")


@pytest.mark.parametrize("tool", QUICK)
def test_imports_no_heavy_library(tool: str) -> None:
    assert not imported(tool, *QUICK[tool]) & HEAVY


def test_depmod_without_cycles_imports_no_heavy_library(tmp_path: Path) -> None:
    tree = place(tmp_path, {"kernel/a.ko": made(exports={b"a": 1}), "kernel/b.ko": made(needs=[b"a"])})
    seen = imported("depmod", "-b", str(tree.root), tree.version)
    assert "pymodutils.depends.depmod.write" in seen
    assert not seen & HEAVY
    assert not [name for name in seen if name.startswith(PAST)]


@pytest.mark.parametrize("tool", QUICK)
def test_imports_nothing_of_the_past(tool: str) -> None:
    assert [name for name in imported(tool, *QUICK[tool]) if name.startswith(PAST)] == []


def test_a_kernel_of_the_past_imports_its_own_tools(tmp_path: Path) -> None:
    (tmp_path / "ksyms").write_text("c0110000 printk\n")
    words = ("boot", str(tmp_path / "k24"), "--generation", "2.4", "--from", str(tmp_path / "ksyms"))
    assert "pymodutils.linux24.kernel.kernel" in imported("kernel", *words)
    assert "pymodutils.linux24.kernel.kernel" in imported("lsmod", "--backend", f"emulated:{tmp_path}/k24")


@pytest.mark.parametrize("tool", QUICK)
def test_imports_no_slow_part_of_the_standard_library(tool: str) -> None:
    assert not imported(tool, *QUICK[tool]) & SLOW


@pytest.mark.parametrize("tool", QUICK)
def test_imports_one_command(tool: str) -> None:
    others = {entry.module for name, entry in {**TOOLS, **SUBCOMMANDS}.items() if name != tool}
    own = TOOLS[tool].module
    seen = imported(tool, *QUICK[tool])
    assert f"pymodutils.commands.{own}" in seen
    assert not seen & {f"pymodutils.commands.{name}" for name in others - {own}}


@pytest.mark.parametrize("tool", ["insmod", "rmmod", "lsmod"])
def test_an_emulated_kernel_needs_no_more(tool: str, tmp_path: Path) -> None:
    state, file = str(tmp_path / "k.state"), tmp_path / "made.ko"
    booted = kernel(state)
    file.write_bytes(module())
    if tool != "insmod":
        booted.init_module(file.read_bytes())
    words = {"insmod": [str(file)], "rmmod": ["made"], "lsmod": []}
    found = imported(tool, "--backend", f"emulated:{state}", *words[tool])
    assert (booted.state("made") is None) == (tool == "rmmod")  # it has done its work
    assert not found & (HEAVY | SLOW | {"hashlib", "pymodutils.kernel.real"})
    assert not [name for name in found if name.startswith(("pymodutils.kernel.sources", *PAST))]
