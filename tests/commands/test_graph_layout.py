"""Layers and positions of a drawn graph."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from pymodutils.commands import graph_layout
from pymodutils.depends import graph
from pymodutils.depends.graph import Edge, Part

NAMES = [f"module_{letter}" for letter in "abcdefghij"]
KINDS = st.sampled_from(list(graph.KINDS.values()))
EDGES = st.sets(st.builds(Edge, st.sampled_from(NAMES), st.sampled_from(NAMES), KINDS), max_size=20)


def drawn(edges: set[Edge]) -> tuple[Part, graph_layout.Drawing]:
    single = {(edge.user, edge.needed): edge for edge in edges}.values()
    part = Part((), tuple(NAMES), tuple(sorted(single)))
    return part, graph_layout.draw(graph.components(part), part.edges)


@given(EDGES)
def test_every_module_has_a_box_of_its_own_inside_the_picture(edges: set[Edge]) -> None:
    _, drawing = drawn(edges)
    assert sorted(drawing.boxes) == NAMES
    for box in drawing.boxes.values():
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= drawing.width + 0.1
        assert box.y + graph_layout.HEIGHT <= drawing.height + 0.1
    for one, other in itertools.combinations(drawing.boxes.values(), 2):
        beside = one.x + one.width < other.x or other.x + other.width < one.x
        above = one.y + graph_layout.HEIGHT < other.y or other.y + graph_layout.HEIGHT < one.y
        assert beside or above


@given(EDGES)
def test_every_line_leads_from_the_user_to_what_it_needs(edges: set[Edge]) -> None:
    part, drawing = drawn(edges)
    assert set(drawing.lines) == {edge for edge in part.edges if edge.user != edge.needed}
    for edge, line in drawing.lines.items():
        for name, (x, y) in ((edge.user, line[0]), (edge.needed, line[-1])):
            box = drawing.boxes[name]
            assert min(abs(x - box.x), abs(x - box.x - box.width)) < 0.1
            assert abs(y - box.y - graph_layout.HEIGHT / 2) < 0.1


def test_what_is_needed_stands_right_of_its_users() -> None:
    _, drawing = drawn({Edge(one, other) for one, other in itertools.combinations(NAMES[:6], 2)})
    xs = [drawing.boxes[name].x for name in NAMES[:6]]
    assert xs == sorted(set(xs))


def test_a_ladder_is_drawn_without_crossings() -> None:
    """A zigzag between two columns whose names are in opposite orders."""
    edges = {Edge(NAMES[at], NAMES[end]) for at in range(5) for end in {9 - at, max(8 - at, 5)}}
    _, drawing = drawn(edges)
    for one, other in itertools.combinations(drawing.lines.values(), 2):
        assert (one[0][1] - other[0][1]) * (one[-1][1] - other[-1][1]) >= 0
