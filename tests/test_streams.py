"""Closed descriptors, closed pipes and full disks: every tool that prints, in every format."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.depends.depmod.made import VERSION, module, place

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full"),
]
ROOT = str(Path(__file__).parents[1])
LINES = [
    "help",
    "-V",
    "modprobe -h",
    "modinfo {file}",
    "modinfo --format json {file}",
    "modinfo --format table {file}",
    "modinfo -n -b {root} -k {release} b",
    "modprobe -d {root} -S {release} -D b",
    "modprobe -d {root} -S {release} -c",
    "modprobe -d {root} -S {release} -c --format json",
    "modprobe -d {root} -S {release} --explain b",
    "modprobe -d {root} -S {release} --explain --format json b",
    "modprobe -d {root} -S {release} -R b",
    "depmod -n -b {root} {release}",
    "depmod -v -n -b {root} {release}",
    "lsmod --sysroot {root}",
    "lsmod --sysroot {root} --format json",
    "lsmod --sysroot {root} --format table",
    "list --sysroot {root}",
    "static-nodes --sysroot {root}",
    "graph --sysroot {root} b",
    "graph --sysroot {root} --format dot b",
    "graph --sysroot {root} --format svg b",
    "graph --sysroot {root} --format json b",
    *(f"check --kernel {{root}}/kernel.json --format {form} {{file}}" for form in ("text", "json", "junit")),
]


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A machine of two modules, indexed, with one loaded."""
    root = tmp_path_factory.mktemp("machine")
    made = {
        "kernel/a.ko": module(info=[b"license=GPL", b"alias=char-major-10-*"], exports={b"fa": 1}),
        "kernel/b.ko": module(info=[b"license=GPL", b"depends=a"], needs=[b"fa"]),
    }
    tree = place(root, made)
    (root / "proc/sys/kernel").mkdir(parents=True)
    (root / "proc/sys/kernel/osrelease").write_text(VERSION)
    (root / "proc/modules").write_text("a 4096 1 b, Live 0x0\n")
    run("depmod", "-b", str(root), VERSION)
    (tree.modules / "modules.devname").write_text("a a c10:1\n")
    run("kernel", "describe", str(tree.modules), "-o", str(root / "kernel.json"))
    return {"root": str(root), "release": VERSION, "file": str(tree.modules / "kernel/b.ko")}


def run(
    *command: str, stdout: int | None = subprocess.PIPE, before: str = ""
) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "pymodutils", *command]
    if before:
        words = ["sh", "-c", f'exec "$@" {before}', "sh", *words]
    environment = {"PYTHONPATH": ROOT, "PATH": os.environ["PATH"]}
    return subprocess.run(
        words, env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("line", LINES)
def test_a_reader_that_left(line: str, words: dict[str, str]) -> None:
    """As any program with the default action for SIGPIPE: quiet, and 141 in a shell."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = run(*line.format(**words).split(), stdout=writing)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, "")


@pytest.mark.parametrize("line", LINES)
def test_a_full_disk(line: str, words: dict[str, str]) -> None:
    with open("/dev/full", "w") as full:
        done = run(*line.format(**words).split(), stdout=full.fileno())
    assert done.stderr.endswith("ERROR: standard output: No space left on device\n")
    assert done.stderr.count("\n") == 1
    assert done.returncode == (2 if line.startswith("check") else 1)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("closed", ["<&- >&- 2>&-", ">&-"])
def test_closed_descriptors_change_nothing(line: str, closed: str, words: dict[str, str]) -> None:
    typed = line.format(**words).split()
    assert run(*typed, before=closed).returncode == run(*typed).returncode
    assert "Traceback" not in run(*typed, before=">&-").stderr


def test_depmod_without_descriptors_writes_the_same_files(tmp_path: Path) -> None:
    trees = [
        place(tmp_path / name, {"kernel/a.ko": module(exports={b"fa": 1})}) for name in ("open", "closed")
    ]
    run("depmod", "-b", str(trees[0].root), VERSION)
    assert run("depmod", "-b", str(trees[1].root), VERSION, before="<&- >&- 2>&-").returncode == 0
    opened, closed = ({f.name: f.read_bytes() for f in tree.modules.glob("modules.*")} for tree in trees)
    assert opened == closed


def test_what_cannot_be_said_does_not_stop_a_tool() -> None:
    assert run("modinfo", "nosuch", before="2>/dev/full").returncode == 1


def test_an_error_names_its_tool_once(words: dict[str, str]) -> None:
    said = run("graph", "--sysroot", words["root"], "-o", "/nosuch/x.svg", "--format", "svg", "b").stderr
    assert said.count("graph") <= 1
