"""depmod's options, when it does nothing, and its progress bar."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pymodutils.commands.output import Progress
from tests.depends.depmod.compare import database, in_process, made_by, ours
from tests.depends.depmod.made import VERSION, module, place
from tests.oracles.kmod import kmod30, kmod34
from tests.oracles.trees import Tree

MODULES = {"kernel/a.ko": module(exports={b"a": 1}), "kernel/b.ko": module(needs=[b"a"])}
STORE = "var/cache/pymodutils"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return place(tmp_path / "tree", MODULES)


@pytest.mark.lane
def test_the_output_goes_elsewhere_and_its_directories_are_made(tree: Tree, tmp_path: Path) -> None:
    found = []
    for command, out in ((kmod34("depmod"), "theirs"), (ours(), "ours")):
        done = made_by(command, tree, "-o", str(tmp_path / out / "deep"))
        found.append((done, database(tmp_path / out / "deep/lib/modules" / VERSION)))
    assert found[0] == found[1]
    assert "modules.dep.bin" in found[1][1]


@pytest.mark.lane
@pytest.mark.parametrize("word", ["usr/lib/modules", "/usr/lib/modules", "modules"])
def test_another_module_directory(word: str, tree: Tree) -> None:
    folder = tree.root / word.strip("/")
    folder.parent.mkdir(parents=True, exist_ok=True)
    (tree.root / "lib/modules").rename(folder)
    found = []
    for command in (kmod34("depmod"), ours()):
        line = [*command, "-m", word, "-b", str(tree.root), VERSION]
        done = subprocess.run(line, capture_output=True, check=False, timeout=60)
        messages = [line for line in done.stderr.splitlines() if not line.startswith(b"libkmod:")]
        found.append((done.returncode, messages, database(folder / VERSION)))
        for name in found[-1][2]:
            (folder / VERSION / name).unlink()
    assert found[0] == found[1]


@pytest.mark.lane
@pytest.mark.parametrize("word", ["-u", "-q", "-r", "--unresolved-error", "--quiet", "--root"])
def test_words_that_kmod_30_ignores(word: str, tree: Tree) -> None:
    assert made_by(ours("30"), tree, word) == made_by(kmod30("depmod"), tree, word)
    assert made_by(ours("34"), tree, word).status == 1


def test_the_tree_of_another_machine(tree: Tree) -> None:
    expected = in_process("34", tree, ["-b", str(tree.root), VERSION])
    assert in_process("34", tree, ["--sysroot", str(tree.root), VERSION]) == expected
    assert not (tree.root / STORE).exists()
    (tree.root / "proc/sys/kernel").mkdir(parents=True)
    (tree.root / "proc/sys/kernel/osrelease").write_text(f"{VERSION}\n")
    assert in_process("34", tree, ["--sysroot", str(tree.root)]) == expected


@pytest.mark.lane
@pytest.mark.parametrize(
    ("change", "more"),
    [("nothing", ()), ("nothing", ("-e",)), ("newer", ()), ("newer", ("-e",)), ("removed database", ())],
)
def test_quick_as_kmod_does(change: str, more: tuple[str, ...], tree: Tree) -> None:
    ends = []
    for command in (kmod34("depmod"), ours()):
        made_by(ours(), tree)
        before = (tree.modules / "modules.dep").stat().st_ino
        if change == "newer":
            later = time.time() + 5
            os.utime(tree.modules / "kernel/a.ko", (later, later))
        elif change == "removed database":
            (tree.modules / "modules.dep").unlink()
        done = made_by(command, tree, "-A", *more, clear=False)
        again = (tree.modules / "modules.dep").stat().st_ino != before
        ends.append((done, again))
        os.utime(tree.modules / "kernel/a.ko", (0, 0))
    assert ends[0][0] == ends[1][0]
    if change != "removed database":  # whose inode may come again
        assert ends[0][1] == ends[1][1] == (change == "newer")


def test_check_and_strict_together(tree: Tree) -> None:
    words = ["-b", str(tree.root), VERSION]
    assert in_process("34", tree, ["--strict", *words]).status == 0
    assert in_process("34", tree, ["--check", *words]).status == 1
    (tree.modules / "kernel/b.ko").write_bytes(b"damaged")
    assert in_process("34", tree, words).status == 0
    assert in_process("34", tree, ["--strict", *words]).status == 1
    made_by(ours(), tree)
    assert made_by(ours(), tree, "--check", clear=False).status == 0
    assert made_by(ours(), tree, "--check", "--strict", clear=False).status == 1


def test_check_for_programs(tree: Tree) -> None:
    words = ["-b", str(tree.root), VERSION]
    told = json.loads(in_process("34", tree, ["--check", "--format", "json", *words]).out)
    assert not told["current"]
    missing = {f"{tree.modules}/modules.dep": "No such file or directory"}
    assert missing.items() <= {each["file"]: each["why"] for each in told["stale"]}.items()
    made_by(ours(), tree)
    done = made_by(ours(), tree, "--check", "--format", "json", clear=False)
    assert json.loads(done.out) == {"current": True, "stale": []}
    assert done.status == 0
    assert in_process("34", tree, ["--format", "json", *words]).status == 1


BAR = """
import sys, time
from pymodutils.commands.output import Progress
bar = Progress("modules")
for done in range(5):
    time.sleep(float(sys.argv[1]))
    bar(done + 1, 5)
"""


def shown(pause: float, *, terminal: bool) -> bytes:
    """The output on standard error of five steps with such pauses."""
    command = [sys.executable, "-c", BAR, str(pause)]
    environment = {**os.environ, "TERM": "xterm"}
    if not terminal:
        return subprocess.run(command, env=environment, stderr=subprocess.PIPE, check=True, timeout=60).stderr
    master, slave = pty.openpty()
    with subprocess.Popen(command, env=environment, stderr=slave, stdout=slave) as process:
        os.close(slave)
        text = b""
        while part := _read(master):
            text += part
    os.close(master)
    assert process.returncode == 0
    return text


def _read(master: int) -> bytes:
    try:
        return os.read(master, 4096)
    except OSError:  # all ends of the terminal are closed
        return b""


@pytest.mark.slow
def test_a_bar_is_for_those_who_wait_at_a_terminal() -> None:
    assert Progress.PATIENCE == 1.0
    assert b"modules" in shown(0.4, terminal=True)
    assert shown(0.01, terminal=True) == b""
    assert shown(0.4, terminal=False) == b""


def test_the_machines_own_modules_are_remembered_by_root(tree: Tree) -> None:
    if os.geteuid():
        pytest.skip("the cache is root's")
    top, store = tree.root / "lib/modules", tree.root / STORE
    store.mkdir(parents=True)
    modules = f"mkdir -p /lib/modules && mount --bind {top} /lib/modules"
    binds = f'{modules} && mount --bind {store.parent} /var/cache && exec "$@"'
    command = ["unshare", "-m", "sh", "-c", binds, "sh", *ours()]
    for words, kept in ((["--no-cache"], []), ([], [f"depmod-{VERSION}"])):
        subprocess.run([*command, *words, VERSION], check=True, timeout=60)
        assert os.listdir(store) == kept
    assert (store / f"depmod-{VERSION}").stat().st_mode & 0o777 == 0o600
