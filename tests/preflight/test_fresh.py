"""Modules installed after depmod ran are found with their dependencies, even in a cycle."""

from __future__ import annotations

import os
from pathlib import Path

from pymodutils.preflight.fresh import FreshDirectory
from tests.preflight.made import NEW, Machine


def directory(root: Path) -> FreshDirectory:
    """The module directory of NEW, whose indexes know ``old`` only."""
    machine = Machine(root)
    machine.both("base", exports="base_call")
    machine.both("old", imports="base_call")
    machine.depmod()
    indexed = root / "lib/modules" / NEW / "modules.dep.bin"
    for name, depends in {"first": "second,old", "second": "third", "third": "first", "self": "self"}.items():
        machine.add(NEW, name, f"depends={depends}", "alias=made:*", folder="updates")
    os.utime(indexed, ns=(0, 0))
    return FreshDirectory(str(indexed.parent))


def test_needs_are_listed_once_and_a_cycle_ends(tmp_path: Path) -> None:
    found = directory(tmp_path).entry("first")
    assert found is not None
    assert found.path == "updates/first.ko"
    files = ["updates/second.ko", "updates/third.ko", "kernel/drivers/old.ko", "kernel/drivers/base.ko"]
    assert sorted(found.needs) == sorted(files)
    for each, needed in (("second", "third"), ("old", "base")):
        at = [Path(path).stem for path in found.needs]
        assert at.index(each) < at.index(needed)


def test_a_module_that_needs_itself(tmp_path: Path) -> None:
    found = directory(tmp_path).entry("self")
    assert found is not None
    assert found.needs == []


def test_aliases_of_fresh_modules_match(tmp_path: Path) -> None:
    assert sorted(directory(tmp_path).search("modules.alias", "made:x")) == [
        "first",
        "second",
        "self",
        "third",
    ]
