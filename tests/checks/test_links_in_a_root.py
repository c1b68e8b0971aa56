"""Symbolic links of a kernel's modules are resolved in the root being checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodutils.checks.around import around_of
from pymodutils.checks.pool import Pool
from pymodutils.checks.target import Target
from pymodutils.root import Root
from tests.kernel.emulated.modules import description, module


@pytest.mark.parametrize("where", ["root", "host"])
def test_absolute_links(tmp_path: Path, where: str) -> None:
    host, root = tmp_path / "host", tmp_path / "root"
    copy, tree = root / str(host).lstrip("/"), root / "lib/modules/6.1.0-made"
    for folder in (host, copy, tree / "kernel"):
        folder.mkdir(parents=True)
    for name, folder in (("host", host), ("root", copy)):
        (folder / "x.ko").write_bytes(module(name, exports=["call"]))
    (tree / "kernel/x.ko").symlink_to(host / "x.ko")
    target = Target("made", "running", description(), str(tree), Root(root) if where == "root" else Root())
    found = around_of(target, Pool([]), Pool([]), str(tmp_path)).tree
    assert found
    assert list(found.by_name) == [where]
