"""No two public classes of the package share a name."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pymodutils

PACKAGE = Path(pymodutils.__file__).parent
SHARED: dict[str, str] = {}  # name -> why several classes may have it


def public_classes() -> dict[str, list[str]]:
    """The places of each public class, by its name."""
    found = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(f"{path.relative_to(PACKAGE)}:{node.lineno}")
    return found


def test_no_two_public_classes_share_a_name() -> None:
    found = public_classes()
    assert len(found) > 400  # that it looks at all
    assert {name: places for name, places in found.items() if len(places) > 1 and name not in SHARED} == {}


def test_a_shared_name_that_is_listed_is_shared() -> None:
    found = public_classes()
    assert [name for name in SHARED if len(found[name]) < 2] == []
