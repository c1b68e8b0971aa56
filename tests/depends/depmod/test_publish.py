"""An interrupted depmod leaves a complete old or new database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pymodutils.depends.depmod.publish import Publication
from pymodutils.errors import ModutilsError
from tests.depends.depmod.compare import database, made_by, ours
from tests.depends.depmod.made import module, place
from tests.oracles.kmod import kmod34
from tests.oracles.trees import Tree, linked, tree

MODULES = {f"kernel/m{at}.ko": module(info=[b"alias=x-%d" % at] * 30) for at in range(100)}


def hidden(top: Path) -> list[str]:
    return [name for name in os.listdir(top) if name.startswith(".")]


def test_a_full_disk_leaves_the_old_files(tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("mounting needs root")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", tmp_path], check=True)
    try:
        modules = place(tmp_path, {"kernel/a.ko": module(exports={b"a": 1})})
        old = made_by(ours(), modules).files
        (modules.modules / "kernel/b.ko").write_bytes(module(info=[b"alias=%d" % at for at in range(60000)]))
        full = made_by(ours(), modules, clear=False)
        assert full.status == 1
        assert "No space left on device" in full.messages
        assert full.files == old
        assert hidden(modules.modules) == []
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_a_read_only_tree_is_a_failure(tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("mounting needs root")
    modules = place(tmp_path, MODULES)
    subprocess.run(["mount", "--bind", tmp_path, tmp_path], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", tmp_path], check=True)
        found = made_by(ours(), modules, clear=False)
        assert (found.status, found.files) == (1, {})
        assert "Read-only file system" in found.messages
    finally:
        subprocess.run(["umount", tmp_path], check=True)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_nothing_is_left_of_a_publication_that_fails(error: type[BaseException], tmp_path: Path) -> None:
    (tmp_path / "modules.dep").write_bytes(b"old")

    def fail() -> None:
        with Publication(str(tmp_path), ["modules.dep", "modules.alias"]) as files:
            files.write("modules.dep", b"new")
            raise error

    with pytest.raises(error):
        fail()
    assert (tmp_path / "modules.dep").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["modules.dep"]


def test_what_a_killed_process_left_is_taken_away(tmp_path: Path) -> None:
    (tmp_path / ".modules.dep.4194999.new").write_bytes(b"left")  # above any pid_max
    (tmp_path / ".modules.other").write_bytes(b"not ours")
    with Publication(str(tmp_path), ["modules.dep"]) as files:
        files.write("modules.dep", b"new")
        files.commit()
    assert sorted(os.listdir(tmp_path)) == [".modules.other", "modules.dep"]


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModutilsError, match="No such file"), Publication(str(tmp_path / "no"), []):
        pass


@pytest.mark.lane
@pytest.mark.slow
def test_killed_at_any_moment_the_old_files_stay(tmp_path: Path) -> None:
    modules = linked(tree("uml"), tmp_path)
    old = made_by(ours(), modules).files
    removed = next(modules.modules.rglob("vfat.ko"))
    removed.unlink()
    command = [sys.executable, "-m", "pymodutils", "depmod", "-b", str(tmp_path), modules.version]
    for step in range(8):
        with subprocess.Popen(command, preexec_fn=hear_interrupts) as process:  # noqa: PLW1509
            time.sleep(0.05 * step)
            process.send_signal(signal.SIGKILL if step % 2 else signal.SIGINT)
        found = database(modules.modules)
        assert found == old or step  # all old at first; once published, all new
        if found != old:
            assert found == made_by(ours(), modules).files
            return


def hear_interrupts() -> None:
    """Reset SIGINT, which a shell ignores for background jobs and their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


KILLED = """
import os, sys
from pymodutils import cli
rename, left = os.rename, int(sys.argv[1])
def counted(source, target):
    global left
    if "/modules." in target:
        if not left:
            os._exit(9)
        left -= 1
    rename(source, target)
os.rename = counted
cli.main(sys.argv[2:])
"""


def killed_after(renames: int, tree: Tree) -> None:
    """Start depmod, and kill it when so many files have been renamed."""
    words = ["depmod", "--no-cache", "-b", str(tree.root), tree.version]
    done = subprocess.run([sys.executable, "-c", KILLED, str(renames), *words], check=False, timeout=60)
    assert done.returncode == 9


@pytest.mark.slow
@pytest.mark.parametrize("renames", [1, 10])
def test_what_a_kill_between_two_renames_leaves_is_seen_and_mended(renames: int, tmp_path: Path) -> None:
    modules = place(tmp_path, MODULES)
    old = made_by(ours(), modules).files
    (modules.modules / "kernel/m7.ko").unlink()
    new = made_by(ours(), modules).files
    for mend in ("-A", "--no-cache", f"--cache={tmp_path}/cache"):
        for name, data in old.items():
            (modules.modules / name).write_bytes(data)
        later = time.time_ns() + 10**9
        os.utime(modules.modules / "modules.dep", ns=(later, later))
        killed_after(renames, modules)
        torn = database(modules.modules)
        assert all(data in (old[name], new[name]) for name, data in torn.items())
        assert torn["modules.dep"] == old["modules.dep"]
        assert torn["modules.dep.bin"] == new["modules.dep.bin"]
        check = made_by(ours(), modules, "--check", clear=False)
        assert check.status == 1
        assert check.out.count(b"left by a depmod that was killed") == 11 - renames
        assert made_by(ours(), modules, mend, clear=False).files == new
        assert hidden(modules.modules) == []
        assert made_by(ours(), modules, "--check", clear=False).status == 0


def test_a_kill_that_changed_nothing_is_tidied_up_although_the_database_is_current(tmp_path: Path) -> None:
    modules = place(tmp_path / "tree", MODULES)
    cache = f"--cache={tmp_path}/cache"
    new = made_by(ours(), modules, cache).files
    killed_after(0, modules)
    assert made_by(ours(), modules, "--check", cache, clear=False).status == 1
    assert made_by(ours(), modules, cache, clear=False).files == new
    assert hidden(modules.modules) == []


@pytest.mark.lane
def test_kmods_quick_run_mends_it_too_if_a_module_is_newer(tmp_path: Path) -> None:
    modules = place(tmp_path, MODULES)
    made_by(ours(), modules)
    time.sleep(0.02)
    (modules.modules / "kernel/m7.ko").write_bytes(module(info=[b"alias=new"]))
    killed_after(10, modules)
    mended = made_by(kmod34("depmod"), modules, "-A", clear=False).files
    assert mended == made_by(ours(), modules).files


@pytest.mark.parametrize("done", [0, 1])
def test_a_rename_that_fails(done: int, tmp_path: Path) -> None:
    """Before the first rename nothing remains; later, the remaining files reveal the incomplete change."""
    names = ["modules.dep.bin", "modules.dep"]
    (tmp_path / names[done]).mkdir()
    with Publication(str(tmp_path), names) as files:
        for name in names:
            files.write(name, b"new")
        with pytest.raises(ModutilsError, match="Is a directory"):
            files.commit()
    assert len(hidden(tmp_path)) == done


def test_quick_looks_for_leftovers_where_neither_dates_nor_names_tell(tmp_path: Path) -> None:
    modules = place(tmp_path, {"kernel/a.ko": module(info=[b"alias=old"])})
    made_by(ours(), modules)
    (modules.modules / "kernel/a.ko").write_bytes(module(info=[b"alias=new"]))
    os.utime(modules.modules / "kernel/a.ko", (0, 0))
    killed_after(1, modules)
    assert made_by(ours(), modules, "-A", clear=False).files["modules.alias"].endswith(b"alias new a\n")
    assert hidden(modules.modules) == []
