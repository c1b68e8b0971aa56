"""depmod -e, as kmod 34 was seen to answer; test_verify.py asks it again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.depends.depmod.compare import Outcome, in_process
from tests.depends.depmod.made import place
from tests.depends.depmod.test_verify import MODULES, SYMVERS, SYSTEM_MAP

UNKNOWN, VERSION = "needs unknown symbol", "disagrees about version of symbol"
BY_SYMVERS = [
    ("a", UNKNOWN, "nothere"),
    ("b", VERSION, "ea2"),
    ("b", VERSION, "printk"),
    ("b", UNKNOWN, "mapped"),
    ("b", UNKNOWN, "modsym"),
    ("b", UNKNOWN, "listed"),
    ("c", VERSION, "ea"),
    ("c", VERSION, "dup"),
    ("c", UNKNOWN, "_x"),
    ("c", VERSION, "printk"),
    ("c", VERSION, ".ea2"),
    ("e", VERSION, "no_crc"),
    ("e", VERSION, "ea"),
]
BY_MAP = [
    ("a", UNKNOWN, "nothere"),
    ("b", UNKNOWN, "mapped"),
    ("b", UNKNOWN, "listed"),
    ("c", UNKNOWN, "_x"),
]
PREFIXED = [  # with -P _, the loader's own symbols lose it too
    *BY_SYMVERS[:10],
    ("c", UNKNOWN, "__this_module"),
    ("c", UNKNOWN, "_GLOBAL_OFFSET_TABLE_"),
    *BY_SYMVERS[10:],
]


def run(root: Path, *words: str) -> Outcome:
    (root / "symvers").write_text(SYMVERS)
    (root / "map").write_text(SYSTEM_MAP)
    tree = place(root, MODULES)
    paths = [str(root / word) if word in {"symvers", "map"} else word for word in words]
    return in_process("34", tree, [*paths, "-b", str(root), tree.version])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("-e", "-E", "symvers"), BY_SYMVERS),
        (("-e", "-F", "map"), BY_MAP),
        (("-e", "-P", "_", "-E", "symvers"), PREFIXED),
        (("-E", "symvers"), []),
    ],
)
def test_warnings(words: tuple[str, ...], expected: list[tuple[str, str, str]], tmp_path: Path) -> None:
    lines = [line for line in run(tmp_path, *words).messages.splitlines() if ": WARNING: " in line]
    folder = tmp_path / "lib/modules/6.1.0-made/kernel"
    assert lines == [
        f"depmod: WARNING: {folder}/{name}.ko {what} {symbol}" for name, what, symbol in expected
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("-e", "-E", "symvers"), ["symvers:5 Invalid symbol version 0xzz: No such file or directory"]),
        (
            ("-e", "-F", "map"),
            ["map:4: invalid line: bad", "map:5: invalid line: ffff x", "map:8: invalid line: "],
        ),
    ],
)
def test_lines_that_are_skipped(words: tuple[str, ...], expected: list[str], tmp_path: Path) -> None:
    lines = [line for line in run(tmp_path, *words).messages.splitlines() if ": ERROR: " in line]
    assert lines == [f"depmod: ERROR: {tmp_path}/{line}" for line in expected]


def test_status(tmp_path: Path) -> None:
    assert run(tmp_path, "-e", "-F", "map").status == 0
    assert run(tmp_path, "-e", "-F", "map", "--strict").status == 1
