"""Unusual links and directories: a message for each, a complete database and status 0, as kmod."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.depends.depmod.compare import KMODS, in_process, made_by, ours
from tests.depends.depmod.made import VERSION, module, place
from tests.oracles.trees import Tree

MODULES = {"kernel/a.ko": module(info=[b"alias=of-a"]), "kernel/b.ko": module(needs=[b"fa"])}


def loop(folder: Path) -> None:
    (folder / "odd").symlink_to("odd")


def through_a_file(folder: Path) -> None:
    (folder / "odd").symlink_to("a.ko/x")


def too_long(folder: Path) -> None:
    (folder / "odd").symlink_to("x" * 300)


def dangling(folder: Path) -> None:
    (folder / "odd").symlink_to("nowhere")


ODD: dict[str, Callable[[Path], None]] = {
    "Too many levels of symbolic links": loop,
    "Not a directory": through_a_file,
    "File name too long": too_long,
    "No such file or directory": dangling,
}


def tree(root: Path) -> Tree:
    return place(root, MODULES)


@pytest.mark.parametrize("reason", ODD)
def test_an_odd_link_is_named_and_passed_over(reason: str, tmp_path: Path) -> None:
    found = tree(tmp_path)
    whole = in_process("34", found, ["-b", str(tmp_path), VERSION])
    ODD[reason](found.modules / "kernel")
    again = in_process("34", found, ["-b", str(tmp_path), VERSION])
    assert (again.files, again.status) == (whole.files, 0)
    assert f"odd): {reason}" in again.messages
    assert in_process("34", found, ["-A", "-b", str(tmp_path), VERSION]).status == 0


@pytest.mark.lane
@pytest.mark.slow
@pytest.mark.parametrize("version", KMODS)
@pytest.mark.parametrize("reason", ODD)
def test_as_kmod_does(reason: str, version: str, tmp_path: Path) -> None:
    found = tree(tmp_path)
    ODD[reason](found.modules / "kernel")
    theirs, mine = made_by(KMODS[version]("depmod"), found), made_by(ours(version), found)
    assert mine == theirs


@pytest.mark.parametrize("link", [("kernel/self", "."), ("host", f"../{VERSION}"), ("kernel/up", "..")])
def test_a_link_back_into_the_tree_is_not_followed(link: tuple[str, str], tmp_path: Path) -> None:
    found = tree(tmp_path)
    whole = in_process("34", found, ["-b", str(tmp_path), VERSION])
    (found.modules / link[0]).symlink_to(link[1])
    again = in_process("34", found, ["-b", str(tmp_path), VERSION])
    assert (again.files, again.status) == (whole.files, 0)
    assert again.messages.count("Too many levels of symbolic links") == 1


def test_a_link_to_a_directory_beside_is_followed(tmp_path: Path) -> None:
    found = tree(tmp_path)
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside/c.ko").write_bytes(module())
    (found.modules / "updates").symlink_to(tmp_path / "beside")
    again = in_process("34", found, ["-b", str(tmp_path), VERSION])
    assert b"updates/c.ko:" in again.files["modules.dep"]
    assert os.path.islink(found.modules / "updates")
