"""Runs of depmod over a cache: what is scanned, searched and written again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.depends.depmod.compare import Outcome, made_by, ours
from tests.depends.depmod.made import module, place
from tests.depends.depmod.test_cache import NAMES, age, fresh
from tests.oracles.trees import Tree


def cached(tree: Tree, kept: Path) -> Outcome:
    """Run with the cache ``kept``, and make it old enough to be trusted."""
    done = made_by(ours(), tree, "--cache", str(kept), clear=False)
    age(kept)
    return done


def identities(tree: Tree) -> set[int]:
    """The inodes of the database, which change when it is rewritten."""
    return {file.stat().st_ino for file in tree.modules.glob("modules.*.bin")}


def replace(path: Path, data: bytes) -> None:
    new = path.with_name("new")
    new.write_bytes(data)
    new.replace(path)


def test_the_database_is_kept_as_long_as_the_facts_are_the_same(tmp_path: Path) -> None:
    modules = {name: module(info=[b"alias=" + name[-5:-3].encode()]) for name in NAMES}
    tree, kept = place(tmp_path / "tree", modules), tmp_path / "cache"
    cached(tree, kept)
    before, changed = identities(tree), tree.modules / NAMES[5]
    for _ in range(2):
        replace(changed, changed.read_bytes())
        cached(tree, kept)
        assert identities(tree) == before
    replace(changed, module(info=[b"alias=new"]))
    assert b"alias new m5" in cached(tree, kept).files["modules.alias"]
    assert not identities(tree) & before
    replace(changed, b"damaged")
    done = cached(tree, kept)
    assert b"m5" not in done.files["modules.alias"]
    assert done.messages == cached(tree, kept).messages  # not kept as one without faults


@pytest.mark.parametrize("change", ["add", "remove", "rename", "link", "exclude"])
def test_a_changed_directory_is_searched_again(change: str, tmp_path: Path) -> None:
    tree, kept = place(tmp_path / "tree", {name: module() for name in NAMES}), tmp_path / "cache"
    new, old = tree.modules / "kernel/deep/n.ko", tree.modules / NAMES[0]
    new.parent.mkdir()
    target = tmp_path / "target"
    target.write_bytes(b"")
    if change == "link":
        (new.parent / "later").symlink_to(target)
    cached(tree, kept)
    if change == "add":
        new.write_bytes(module())
    elif change == "remove":
        old.unlink()
    elif change == "rename":
        old.rename(new)
    elif change == "link":  # the target of a link to a file becomes a directory
        target.unlink()
        target.mkdir()
        (target / "n.ko").write_bytes(module())
    else:
        (tmp_path / "depmod.conf").write_text("exclude kernel\n")
    words = ["-C", str(tmp_path / "depmod.conf")] if change == "exclude" else []
    done = made_by(ours(), tree, "--cache", str(kept), *words, clear=False)
    assert done.files == fresh(tree, *words).files
    assert (b"/n.ko" in done.files["modules.dep"]) == (change in {"add", "rename", "link"})


def test_a_link_to_a_module_that_becomes_a_device_is_reported(tmp_path: Path) -> None:
    tree, kept = place(tmp_path / "tree", {NAMES[0]: module()}), tmp_path / "cache"
    target = tmp_path / "target"
    target.write_bytes(module())
    (tree.modules / "kernel/n.ko").symlink_to(target)
    assert not cached(tree, kept).messages
    target.unlink()
    os.mkfifo(target)
    assert "unsupported file type" in made_by(ours(), tree, "--cache", str(kept), clear=False).messages


def test_check_tells_what_is_stale_and_writes_nothing(tmp_path: Path) -> None:
    tree = place(tmp_path, {name: module() for name in NAMES})
    missing = made_by(ours(), tree, "--check")
    assert (missing.status, missing.files, missing.out.count(b"\n")) == (1, {}, 11)
    made_by(ours(), tree)
    assert made_by(ours(), tree, "--check", clear=False)[1:] == (b"", "", 0)
    (tree.modules / NAMES[0]).unlink()
    stale = made_by(ours(), tree, "--check", clear=False)
    assert stale.status == 1
    assert stale.out.decode().splitlines()[0] == f"{tree.modules}/modules.dep: out of date"


def test_strict_fails_for_a_damaged_module_that_is_listed_all_the_same(tmp_path: Path) -> None:
    tree = place(tmp_path, {"kernel/a.ko": module(), "kernel/b.ko": b"no module"})
    assert made_by(ours(), tree).status == 0
    strict = made_by(ours(), tree, "--strict")
    assert strict.status == 1
    assert strict.files["modules.dep"] == b"kernel/a.ko:\nkernel/b.ko:\n"


def test_quick_sees_what_kmod_does_not(tmp_path: Path) -> None:
    tree = place(tmp_path, {name: module() for name in NAMES})
    made_by(ours(), tree)
    before = (tree.modules / "modules.dep").stat().st_mtime_ns
    assert made_by(ours(), tree, "-A", clear=False).status == 0
    assert (tree.modules / "modules.dep").stat().st_mtime_ns == before
    (tree.modules / NAMES[0]).unlink()
    assert NAMES[0].encode() not in made_by(ours(), tree, "-A", clear=False).files["modules.dep"]
