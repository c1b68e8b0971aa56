"""depmod -e with -E and -F, compared with kmod 34."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.depends.depmod.compare import equal_to_kmod, made_by, ours
from tests.depends.depmod.made import module, place
from tests.oracles.trees import Tree

pytestmark = pytest.mark.lane

MODULES = {
    "kernel/a.ko": module(
        exports={b"ea": 0x1234, b"ea2": 0x1234, b"dup": 1},
        needs=[b"printk", b"nothere"],
        weak=[b"weak"],
        versions=[(b"module_layout", 5), (b"printk", 7), (b"nothere", 9), (b"weak", 1)],
    ),
    "kernel/b.ko": module(
        exports={b"dup": 0x77},
        needs=[b"ea", b"ea2", b"printk", b"mapped", b"modsym"],
        versions=[(b"ea", 0x1234), (b"ea2", 0x999), (b"printk", 8), (b"listed", 3)],
    ),
    "kernel/c.ko": module(
        needs=[b"ea", b"dup", b"_x", b"printk", b"__this_module", b"_GLOBAL_OFFSET_TABLE_", b".TOC.", b".ea2"]
    ),
    "kernel/d.ko": module(strings=b"no_crc\0"),
    "kernel/e.ko": module(needs=[b"no_crc", b"ea"], versions=[(b"no_crc", 9), (b"ea", 0)]),
}
SYMVERS = (
    "0x00000007\tprintk\tvmlinux\tEXPORT_SYMBOL\n0x00000005\tmodule_layout\tvmlinux\tEXPORT_SYMBOL\n"
    "0x00000001\tmodsym\tdrivers/x\tEXPORT_SYMBOL\nbad\n0xzz\tmapped\tvmlinux\tEXPORT\t\n0x3 x\n"
)
SYSTEM_MAP = (
    "ffffffff81000000 T printk\nffffffff82000000 r __ksymtab_printk\n00 R __ksymtab_module_layout\nbad\n"
    "ffff x\n0000 r __ksymtab_mapped \nzzzz r __ksymtab_modsym\n\n"
)


@pytest.fixture
def modules(tmp_path: Path) -> Tree:
    (tmp_path / "symvers").write_text(SYMVERS)
    (tmp_path / "map").write_text(SYSTEM_MAP)
    return place(tmp_path, MODULES)


@pytest.mark.parametrize(
    "words",
    [
        ("-e", "-E", "symvers"),
        ("-e", "-F", "map"),
        ("-E", "symvers"),
        ("-e", "-E", "symvers", "-F", "absent"),
        ("-e", "-v", "-F", "map"),
        ("-e", "-P", "_", "-E", "symvers"),
        ("-E", "absent"),
    ],
)
def test_every_line(words: tuple[str, ...], modules: Tree) -> None:
    files = {"symvers", "map", "absent"}
    equal_to_kmod(
        modules,
        *[str(modules.root / word) if word in files else word for word in words],
        versions=["34"],
    )


def test_strict_makes_it_a_failure(modules: Tree) -> None:
    words = ("-e", "-F", str(modules.root / "map"))
    assert made_by(ours(), modules, *words).status == 0
    assert made_by(ours(), modules, *words, "--strict").status == 1
