"""A kernel that requests a module: our modprobe serves it, as kmod's does."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from tests.lanes import qemu, tree, uml
from tests.oracles import trees

pytestmark = [pytest.mark.lane, pytest.mark.slow]
LANES = {"uml": "uml", "qemu": "cloud"}  # lane -> module tree
MODULES = ("vfat", "af_key", "tun", "algif_hash", "wp512")
SERVED = {  # by a module; without it ENODEV, EAFNOSUPPORT, ENODEV, ENOENT
    "fs-vfat": ("ENOENT", "vfat"),  # no such device
    "net-pf-15": ("0", "af_key"),
    "char-major-10-200": ("0", "tun"),
    "crypto-wp512": ("0", "wp512"),
}


def programs(folder: Path) -> dict[str, str]:
    """The text of a program that acts as modprobe: kmod 30, kmod 34, or ours as installed by pip."""
    python = os.path.realpath(Path(sys.base_prefix) / "bin" / f"python{sysconfig.get_python_version()}")
    kmods = {
        name: f'#!/bin/sh\nexec {" ".join(tools["modprobe"])} "$@"\n'
        for name, tools in tree.kmods(folder).items()
    }
    lines = [
        f"#!{python} -IS",
        "import sys",
        f"sys.path[:0] = {uml.python_path()!r}",
        "sys.argv[0] = 'modprobe'",
        "from pymodutils.cli import main",
        "main()",
    ]
    return {**kmods, "ours": "\n".join(lines) + "\n"}


@pytest.mark.parametrize("lane", LANES)
def test_the_first_try_succeeds(lane: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    source = trees.tree(LANES[lane])
    modules = tree.small(source, tmp_path / "root", MODULES)
    call = ("tests.lanes.guest.autoload:main", str(modules), programs(tmp_path))
    found: dict[str, Any] = uml.run(*call) if lane == "uml" else qemu.run(*call, files=[tmp_path])
    assert found["ours"] == found["kmod34"] == found["kmod30"]
    for asked, (code, module) in SERVED.items():
        assert found["ours"][asked][0] == code, asked
        assert module in found["ours"][asked][1], asked
    others = [answer for asked, answer in found["ours"].items() if asked not in SERVED]
    assert all(code != "0" for code, _ in others)
