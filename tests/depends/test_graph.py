"""The dependency graph: closures, cycles, direct dependencies."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymodutils.depends import graph
from pymodutils.depends.graph import Edge
from pymodutils.errors import BadLine, NotFound
from pymodutils.names import of_path
from tests.oracles.kmod import kmod30
from tests.oracles.trees import linked, tree

NAMES = st.sampled_from("abcdefg")
NEEDS = st.dictionaries(NAMES, st.lists(NAMES, max_size=3), min_size=1)
Needs = dict[str, list[str]]


def reached(needs: Needs, start: str) -> set[str]:
    """The modules reached by a walk from ``start``, including itself only if it is in a cycle."""
    seen: set[str] = set()
    todo = list(needs.get(start, ()))
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += needs.get(name, ())
    return seen


def names(needs: Needs) -> set[str]:
    return {*needs, *itertools.chain(*needs.values())}


@given(NEEDS)
def test_closure_and_its_reverse_are_what_a_walk_reaches(needs: Needs) -> None:
    made = graph.build(needs)
    for name in names(needs):
        assert graph.closure(made, name) == reached(needs, name) - {name}
        assert graph.who_needs(made, name) == {one for one in names(needs) if name in reached(needs, one)} - {
            name
        }


@given(NEEDS)
def test_each_module_on_a_cycle_is_accounted_for(needs: Needs) -> None:
    found = graph.cycles(graph.build(needs))
    for first, *way in found:
        assert way[-1] == first
        assert all(after in needs.get(before, ()) for before, after in itertools.pairwise([first, *way]))
    tangled = {name for name in names(needs) if name in reached(needs, name)}
    for name in tangled:
        tangle = {name} | {one for one in reached(needs, name) if name in reached(needs, one)}
        assert [path[0] for path in found if path[0] in tangle] == [min(tangle)]
    assert len(found) == len({path[0] for path in found} & tangled)


@given(NEEDS)
def test_nothing_goes_before_what_uses_it(needs: Needs) -> None:
    made = graph.build(needs)
    for name in names(needs):
        order = graph.removal_order(made, name)
        assert set(order) == {one for one in names(needs) if name in reached(needs, one)} | {name}
        for before, after in itertools.combinations(order, 2):
            assert before not in reached(needs, after) or after in reached(needs, before)


def test_a_dense_tangle_is_told_in_one_short_path() -> None:
    everyone = [f"m{number:02}" for number in range(60)]
    made = graph.build({name: [other for other in everyone if other != name] for name in everyone})
    assert graph.cycles(made) == [["m00", "m01", "m00"]]


DEP = "kernel/a-b.ko: kernel/c.ko kernel/d.ko.xz\nkernel/c.ko: kernel/d.ko.xz\nkernel/d.ko.xz:\n"


def test_direct_needs_are_those_that_no_other_need_has() -> None:
    assert graph.read(DEP) == {"a_b": ["c"], "c": ["d"], "d": []}
    assert graph.paths(DEP) == {"a_b": "kernel/a-b.ko", "c": "kernel/c.ko", "d": "kernel/d.ko.xz"}


@given(NEEDS)
def test_direct_needs_reach_as_far_as_all_needs(needs: Needs) -> None:
    forward = {name: [need for need in found if need > name] for name, found in needs.items()}  # no cycle
    closures = {name: reached(forward, name) for name in names(needs)}
    text = "".join(
        f"{name}.ko:{''.join(f' {need}.ko' for need in sorted(all_of))}\n"
        for name, all_of in closures.items()
    )
    direct = graph.read(text)
    assert {name: reached(direct, name) for name in direct} == closures
    for needs_itself in direct.values():
        assert not any(one in reached(direct, other) for one in needs_itself for other in needs_itself)


def test_a_line_that_is_none_is_named() -> None:
    with pytest.raises(BadLine, match="line 2"):
        graph.paths("a.ko:\nb.ko\n")


def test_soft_dependencies_are_seen_but_never_hide_hard_ones() -> None:
    made = graph.build({"a": ["b"], "b": [], "c": []})
    graph.soften(made, [Edge("a", "b", "pre"), Edge("b", "c", "post")])
    assert graph.part(made, ["a"]).edges == (Edge("a", "b"), Edge("b", "c", "post"))
    assert graph.part(made, ["c"], reverse=True).nodes == ("a", "b", "c")


def test_an_unknown_name_is_an_error() -> None:
    for ask in (graph.closure, graph.who_needs, graph.removal_order):
        with pytest.raises(NotFound, match="'x'"):
            ask(graph.build({"a": []}), "x")


@pytest.mark.lane
@pytest.mark.slow
def test_direct_needs_of_a_real_tree_reach_all_that_kmod_lists(tmp_path: Path) -> None:
    copy = linked(tree("cloud"), tmp_path)
    subprocess.run([*kmod30("depmod"), "-b", copy.root, copy.version], check=True)
    dep = (copy.modules / "modules.dep").read_text()
    made = graph.build(graph.read(dep))
    for line in dep.splitlines():
        name, *needs = map(of_path, line.replace(":", "").split())
        assert graph.closure(made, name) == set(needs)
    assert graph.cycles(made) == []
