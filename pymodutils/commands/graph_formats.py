"""A dependency graph for Graphviz, as SVG, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

from pymodutils.commands import graph_layout
from pymodutils.commands.graph_layout import HEIGHT
from pymodutils.depends import graph
from pymodutils.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pymodutils.depends.graph import Edge, Part

MARGIN: Final = 12
HEAD: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"
 viewBox="{left} {left} {width} {height}">
<style>
text {{ font: 12px "DejaVu Sans Mono", monospace; fill: #16202c; }}
rect {{ fill: #e9f0f8; stroke: #7b93ad; }}
rect.paper {{ fill: #ffffff; stroke: none; }}
.root rect {{ fill: #1f5a96; stroke: #153f69; }}
.root text {{ fill: #ffffff; }}
.line {{ fill: none; stroke: #5d6f82; marker-end: url(#arrow); }}
.soft {{ stroke: #b0702a; stroke-dasharray: 5 4; }}
#arrow path {{ fill: #5d6f82; }}
</style>
<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">
<path d="M0,0 L8,4 L0,8 Z"/></marker></defs>
<rect class="paper" x="{left}" y="{left}" width="{width}" height="{height}"/>"""


def dot(part: Part) -> str:
    """The graph in Graphviz's language; soft dependencies are dashed."""
    part, _ = _drawable(part, {})
    lines = ["digraph modules {", "  rankdir=LR;", "  node [shape=box, fontname=monospace];"]
    roots = frozenset(part.roots)
    lines += [f"  {_quoted(name)}{' [style=filled]' if name in roots else ''};" for name in part.nodes]
    for user, needed, kind in part.edges:
        style = "" if kind == "needs" else f" [style=dashed, label={kind}]"
        lines.append(f"  {_quoted(user)} -> {_quoted(needed)}{style};")
    return "\n".join([*lines, "}"])


def document(part: Part, paths: Mapping[str, str], cycles: Sequence[Sequence[str]]) -> dict[str, object]:
    """The graph for JSON; see pymodutils-graph(8)."""
    found: dict[str, dict[str, list[str]]] = {
        name: {"needs": [], "pre": [], "post": []} for name in part.nodes
    }
    for user, needed, kind in part.edges:
        found[user][kind].append(needed)
    modules = [{"name": name, "path": paths.get(name), **found[name]} for name in part.nodes]
    return {"roots": list(part.roots), "modules": modules, "cycles": [list(path) for path in cycles]}


def svg(part: Part, paths: Mapping[str, str]) -> str:
    """The graph as SVG, modules left of their dependencies."""
    part, paths = _drawable(part, paths)
    drawing = graph_layout.draw(graph.components(part), part.edges)
    width, height = (round(size) + 2 * MARGIN for size in (drawing.width, drawing.height))
    head = HEAD.format(left=-MARGIN, width=width, height=height)
    lines = [_line(edge, points) for edge, points in drawing.lines.items()]
    roots = frozenset(part.roots)
    boxes = [_box(name, box, paths, root=name in roots) for name, box in sorted(drawing.boxes.items())]
    return "\n".join([head, *lines, *boxes, "</svg>"])


def _drawable(part: Part, paths: Mapping[str, str]) -> tuple[Part, Mapping[str, str]]:
    """``part`` and ``paths`` with names that are valid in XML."""
    names = {name: _shown(name) for name in part.nodes}
    edges = [edge._replace(user=names[edge.user], needed=names[edge.needed]) for edge in part.edges]
    shown = {names[name]: _shown(path) for name, path in paths.items() if name in names}
    roots = tuple(names[name] for name in part.roots)
    return part._replace(roots=roots, nodes=tuple(names.values()), edges=tuple(edges)), shown


def _shown(name: str) -> str:
    return printable(name).replace("\ufffe", r"\ufffe").replace("\uffff", r"\uffff")


def _line(edge: Edge, points: Sequence[tuple[float, float]]) -> str:
    soft = "" if edge.kind == "needs" else " soft"
    says = {"needs": "needs", "pre": "wants before it", "post": "wants after it"}[edge.kind]
    title = escape(f"{edge.user} {says}: {edge.needed}")
    return f'<path class="line{soft}" d="{" ".join(_curves(points))}"><title>{title}</title></path>'


def _curves(points: Sequence[tuple[float, float]]) -> Iterator[str]:
    """Curve segments: horizontal across a column, bent between columns."""
    x, y = points[0]
    yield f"M{x:.1f},{y:.1f}"
    for to_x, to_y in points[1:]:
        middle = (x + to_x) / 2
        if y == to_y:
            yield f"H{to_x:.1f}"
        else:
            yield f"C{middle:.1f},{y:.1f} {middle:.1f},{to_y:.1f} {to_x:.1f},{to_y:.1f}"
        x, y = to_x, to_y


def _box(name: str, box: graph_layout.Box, paths: Mapping[str, str], *, root: bool) -> str:
    return (
        f'<g class="{"node root" if root else "node"}" id={quoteattr(name)}>'
        f"<title>{escape(paths.get(name, name))}</title>"
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{HEIGHT}" rx="4"/>'
        f'<text x="{box.x + graph_layout.PADDING:.1f}" y="{box.y + 14:.1f}">{escape(name)}</text></g>'
    )


def _quoted(name: str) -> str:
    text = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
