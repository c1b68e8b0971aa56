"""Lay out a module graph: columns from users to dependencies, few crossings, short edges.

Sugiyama's method: an edge over several columns gets a point in each column in between; columns are ordered
by the means of their neighbours, then pulled towards them as far as the order allows.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pymodutils.depends.graph import Edge

SWEEPS: Final = 12
CHARACTER, HEIGHT = 7.25, 20.0  # of the labels, in pixels
PADDING, GAP, BETWEEN = 8.0, 6.0, 56.0  # within a box, between boxes of a column, between columns
THIN: Final = 4.0  # height of a point on an edge


class Box(NamedTuple):
    """A module's rectangle."""

    x: float
    y: float
    width: float


class Drawing(NamedTuple):
    """Boxes by module, and the points of each edge from user to dependency."""

    width: float
    height: float
    boxes: Mapping[str, Box]
    lines: Mapping[Edge, Sequence[tuple[float, float]]]


class _Spot:
    """A module, or a point of an edge in a column."""

    __slots__ = ("height", "left", "name", "right", "y")

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.height = HEIGHT + GAP if name else THIN + GAP
        self.y = 0.0  # of the middle
        self.left: list[_Spot] = []
        self.right: list[_Spot] = []


def draw(components: Iterable[Sequence[Sequence[str]]], edges: Iterable[Edge]) -> Drawing:
    """The drawing of ``components``, lists of columns, arranged in rows with the larger ones first."""
    components = list(components)
    home: dict[str, int] = {}
    for number, columns in enumerate(components):
        home.update((name, number) for column in columns for name in column)
    own: list[list[Edge]] = [[] for _ in components]
    for edge in edges:
        if edge.user != edge.needed:
            own[home[edge.user]].append(edge)
    return _shelves([_component(columns, own[number]) for number, columns in enumerate(components)])


def _component(columns: Sequence[Sequence[str]], edges: Iterable[Edge]) -> Drawing:
    spots = [[_Spot(name) for name in column] for column in columns]
    chains = _chains(spots, edges)
    for sweep in range(SWEEPS):
        _order(spots, rightwards=sweep % 2 == 0)
    _stack(spots)
    for sweep in range(SWEEPS):
        for column in spots if sweep % 2 else reversed(spots):
            _pull(column)
    return _finish(spots, chains)


def _chains(spots: list[list[_Spot]], edges: Iterable[Edge]) -> dict[Edge, list[_Spot]]:
    """The spots of each edge from left to right; intermediate ones are added to the columns."""
    place = {spot.name: (at, spot) for at, column in enumerate(spots) for spot in column}
    chains = {}
    for edge in edges:
        (start, first), (end, last) = sorted(
            (place[edge.user], place[edge.needed]), key=lambda found: found[0]
        )
        between = [_Spot() for _ in range(start + 1, end)]
        for column, spot in enumerate(between, start=start + 1):
            spots[column].append(spot)
        chain = chains[edge] = [first, *between, last]
        for one, other in pairwise(chain):
            one.right.append(other)
            other.left.append(one)
    return chains


def _order(spots: list[list[_Spot]], *, rightwards: bool) -> None:
    """Sort each column by the positions of its neighbours in the previous column."""
    for column in spots:
        for at, spot in enumerate(column):
            spot.y = at - len(column) / 2
    for column in spots if rightwards else reversed(spots):
        means = {spot: _mean(spot.left if rightwards else spot.right, spot.y) for spot in column}
        column.sort(key=means.__getitem__)
        for at, spot in enumerate(column):
            spot.y = at - len(column) / 2


def _stack(spots: list[list[_Spot]]) -> None:
    for column in spots:
        y = -sum(spot.height for spot in column) / 2
        for spot in column:
            spot.y = y + spot.height / 2
            y += spot.height


def _pull(column: list[_Spot]) -> None:
    """Move each spot towards the mean of its neighbours as far as order and heights allow, by least squares.

    Relative to its offset in the stack, each spot must not be before the one above it: adjacent spots that
    violate this are pooled.
    """
    offset = 0.0
    pools: list[tuple[float, list[tuple[_Spot, float]]]] = []  # mean target, spots with offsets
    for spot in column:
        offset += spot.height / 2
        pool = (_mean(spot.left + spot.right, spot.y) - offset, [(spot, offset)])
        offset += spot.height / 2
        while pools and pools[-1][0] > pool[0]:
            mean, members = pools.pop()
            size = len(members) + len(pool[1])
            pool = ((mean * len(members) + pool[0] * len(pool[1])) / size, [*members, *pool[1]])
        pools.append(pool)
    for mean, members in pools:
        for spot, own in members:
            spot.y = mean + own


def _mean(neighbours: Sequence[_Spot], otherwise: float) -> float:
    return sum(spot.y for spot in neighbours) / len(neighbours) if neighbours else otherwise


def _finish(spots: list[list[_Spot]], chains: Mapping[Edge, list[_Spot]]) -> Drawing:
    """The boxes and lines, moved so that no coordinate is negative."""
    top = min(spot.y - spot.height / 2 for column in spots for spot in column)
    bottom = max(spot.y + spot.height / 2 for column in spots for spot in column)
    boxes, ends = {}, {}
    x = 0.0
    for column in spots:
        width = max(len(spot.name) for spot in column) * CHARACTER + 2 * PADDING
        for spot in column:
            own = len(spot.name) * CHARACTER + 2 * PADDING if spot.name else width
            y = spot.y - top
            ends[spot] = ((x, y), (x + own, y))
            if spot.name:
                boxes[spot.name] = Box(x, y - HEIGHT / 2, own)
        x += width + BETWEEN
    lines = {}
    for edge, (first, *between, last) in chains.items():
        inner = [point for spot in between for point in ends[spot]]
        line = [ends[first][1], *inner, ends[last][0]]
        lines[edge] = line if first.name == edge.user else line[::-1]
    return Drawing(x - BETWEEN, bottom - top, boxes, lines)


def _shelves(drawings: list[Drawing]) -> Drawing:
    """All drawings in rows, with about equal total width and height."""
    drawings.sort(key=lambda drawing: (-drawing.height, -drawing.width, *drawing.boxes))
    area = sum((drawing.width + BETWEEN) * (drawing.height + GAP) for drawing in drawings)
    limit = max([(area * 1.6) ** 0.5, *(drawing.width for drawing in drawings)])
    boxes: dict[str, Box] = {}
    lines: dict[Edge, Sequence[tuple[float, float]]] = {}
    x = y = row = width = 0.0
    for drawing in drawings:
        if x + drawing.width > limit:
            x, y, row = 0.0, y + row + 2 * GAP, 0.0
        boxes.update({name: Box(box.x + x, box.y + y, box.width) for name, box in drawing.boxes.items()})
        lines.update({edge: [(px + x, py + y) for px, py in line] for edge, line in drawing.lines.items()})
        width = max(width, x + drawing.width)
        x += drawing.width + BETWEEN / 2
        row = max(row, drawing.height)
    return Drawing(width, y + row, boxes, lines)
