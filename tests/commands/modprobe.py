"""Words for modprobe."""

from __future__ import annotations

from tests.oracles.trees import Tree


def at(where: Tree) -> list[str]:
    """The words that point modprobe to a tree."""
    return ["-d", str(where.root), "-S", where.version]
