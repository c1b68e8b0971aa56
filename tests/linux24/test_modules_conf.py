"""modules.conf of modutils: conditions, lists and paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodutils.linux24.conf.config import ModulesConf, read


def config(folder: Path, text: str) -> ModulesConf:
    """The result of modules.conf with ``text``."""
    path = folder / "modules.conf"
    path.write_text(text)
    made = ModulesConf("2.4.32")
    read(made, str(path))
    return made


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("-n 0x10 == 16", True),
        ("! -n 2 > 10", True),
        ("2 > 10", True),
        ("`uname -r` = 2.4.32", True),
        ('`kernelversion` == "2.4"', True),
        ("-f /nowhere", False),
        ("! -f /nowhere", True),
        ("-k", False),
        ("$SOME", True),
        ("$OTHER", False),
    ],
)
def test_conditions(condition: str, holds: bool, tmp_path: Path) -> None:
    text = f"define SOME yes\ndefine OTHER false\nif {condition}\nalias a yes\nelse\nalias a no\nendif\n"
    assert config(tmp_path, text).lists["alias"]["a"] == ["yes" if holds else "no"]


def test_lists_are_replaced_or_added_to(tmp_path: Path) -> None:
    text = 'options a x=1\nadd options a y=2\noptions -k b z="1 2"\nabove c d \\\n e # no more\nabove c f\n'
    made = config(tmp_path, text)
    assert made.lists["options"]["a"] == ["x=1", "y=2"]
    assert made.lists["options"]["b"] == ["z=1 2"]
    assert made.kept == {"b"}
    assert made.lists["above"]["c"] == ["f"]


def test_paths(tmp_path: Path) -> None:
    kept = config(tmp_path, "keep\npath[net]=/n\npath=/m\n")
    assert kept.paths[:2] == [("boot", "/lib/modules/boot"), ("toplevel", "/lib/modules/2.4.32")]
    assert kept.paths[-2:] == [("net", "/n"), ("misc", "/m")]
    assert config(tmp_path, "path[net]=/n\n").paths == [("net", "/n")]
