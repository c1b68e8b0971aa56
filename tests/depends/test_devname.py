"""modules.devname; compared with kmod in tests/commands/test_static_nodes.py."""

from __future__ import annotations

import pytest

from pymodutils.depends.devname import StaticNode, read
from pymodutils.errors import BadLine


def test_entries_and_comments() -> None:
    lines = ["# Device nodes\n", "fuse fuse c10:229\n", "snd-timer snd/timer c116:33"]
    assert list(read(lines)) == [
        StaticNode("fuse", "fuse", "c", 10, 229),
        StaticNode("snd-timer", "snd/timer", "c", 116, 33),
    ]


@pytest.mark.parametrize("line", ["", "a b", "a b c1", "a b z1:2", " # c", "a b c1:4294967296", "a b c-1:2"])
def test_anything_else_is_a_bad_line_with_its_number(line: str) -> None:
    (found,) = read(["# comment", line])
    assert isinstance(found, BadLine)
    assert str(found) == f"invalid devname entry: {line}"
    assert found.subject == "modules.devname:2"
