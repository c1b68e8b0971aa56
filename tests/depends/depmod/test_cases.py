"""Unusual files and directories, compared with both kmods; further input is in ``cases``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.depends.depmod.cases import ODD
from tests.depends.depmod.compare import equal_to_kmod
from tests.depends.depmod.made import module, place
from tests.oracles.trees import Tree

pytestmark = pytest.mark.lane


def test_strange_files(tmp_path: Path) -> None:
    a = module(exports={b"a": 1})
    tree = place(
        tmp_path, {"kernel/a.ko": a, "kernel/a.b.ko": module(needs=[b"a"]), "kernel/.hidden.ko": module()}
    )
    top = tree.modules
    (top / "link.ko").symlink_to("kernel/a.ko")
    (top / "dangling.ko").symlink_to("nowhere")
    os.mkfifo(top / "kernel/pipe")
    for folder in ("dir.ko", "build", "kernel/source"):
        (top / folder).mkdir()
        (top / folder / "in.ko").write_bytes(a)
    (top / "empty.ko").write_bytes(b"")
    (top / "three.ko").write_bytes(b"abc")
    (top / "cut.ko").write_bytes(a[:-70])
    (top / "text.ko").write_bytes(b"text " * 40)
    equal_to_kmod(tree)


def test_there_must_be_a_module_directory(tmp_path: Path) -> None:
    equal_to_kmod(Tree(tmp_path, "6.1.0-absent"))
    equal_to_kmod(Tree(tmp_path, "no-version"))
    equal_to_kmod(place(tmp_path, ODD), "-P", "xx")
