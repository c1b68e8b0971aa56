"""Debian's module trees in emulated kernels of their architectures: all load and unload."""

from __future__ import annotations

import pytest

from tests.arch import proofs
from tests.kernel.emulated.architectures import Tree, load
from tests.oracles.kernels import FLAVOURS, kernel

NAMES = [name for name, (_, _, arch) in FLAVOURS.items() if name == arch]
LARGE = 1500  # modules at least; a minute is enough for some of them
PARTS = {"riscv64": 12, "loong64": 12}  # of which one is loaded: unpacking these takes most of the time
PART = 3


@pytest.mark.slow
@pytest.mark.lane
@pytest.mark.parametrize("name", NAMES)
def test_a_tree_loads_in_the_order_of_its_dependencies_and_goes(name: str) -> None:
    own = kernel(name)
    tree = Tree(own.modules.rglob("*.ko*"))
    names = tree.part(PARTS.get(name, PART))
    outcome = load(own, tree, names)
    order = set(tree.order(names))
    assert len(order) > LARGE // 10
    assert outcome.refused == {}
    assert outcome.loaded == order
    assert outcome.left == tree.permanent(order)


@pytest.mark.parametrize("name", NAMES)
def test_the_page_tells_of_whole_trees(name: str) -> None:
    proof = proofs.kept("trees")[name]
    assert proof["loaded"] == proof["modules"] > LARGE
