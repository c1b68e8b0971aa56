"""The dependency graph in networkx, with an edge from each module to its direct dependencies.

It does not determine the order of modules.dep, which is that of kmod's stack walk.
"""

# mypy: disable-error-code="type-arg,no-untyped-call"
# (the package networkx-stubs, less complete than types-networkx, may shadow it)

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import networkx as nx

from pymodutils.errors import BadLine, NotFound
from pymodutils.names import of_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Graph = nx.DiGraph[str]

Kind = Literal["needs", "pre", "post"]
KINDS: Final[dict[str, Kind]] = {"needs": "needs", "pre": "pre", "post": "post"}


class Edge(NamedTuple):
    """``user`` needs ``needed``; a soft dependency is loaded before (pre) or after (post) it if available."""

    user: str
    needed: str
    kind: Kind = "needs"


class Part(NamedTuple):
    """A part of a graph to show."""

    roots: tuple[str, ...]
    nodes: tuple[str, ...]  # sorted
    edges: tuple[Edge, ...]  # between nodes, sorted


def paths(dep: str) -> dict[str, str]:
    """The file of each module in the text of a modules.dep, in order.

    Raises BadLine for a line without a colon.
    """
    found = {}
    for number, line in enumerate(dep.splitlines(), start=1):
        path, colon, _ = line.partition(":")
        if not colon:
            raise BadLine(f"modules.dep:{number}", f"modules.dep line {number} has no colon: run depmod")
        found[of_path(path)] = path
    return found


def read(dep: str) -> dict[str, list[str]]:
    """The direct dependencies of each module, from the text of a modules.dep.

    That file lists indirect dependencies too, so this is the transitive reduction: a direct dependency that
    is also an indirect one cannot be distinguished, and is omitted.
    """
    name_of = cache(of_path)
    closures: dict[str, list[str]] = {}
    for line in dep.splitlines():
        path, _, needs = line.partition(":")
        closures[name_of(path)] = [name_of(need) for need in needs.split()]
    return {name: _direct(needs, closures) for name, needs in closures.items()}


def _direct(needs: Sequence[str], closures: Mapping[str, Sequence[str]]) -> list[str]:
    """Those of ``needs`` that no other one of them needs."""
    indirect: set[str] = set()
    for near in needs:
        if near not in indirect:
            below = closures.get(near, ())
            indirect.update(far for far in below if not _is_above(near, far, closures))
    return [need for need in needs if need not in indirect]


def _is_above(far: str, near: str, closures: Mapping[str, Sequence[str]]) -> bool:
    """Whether ``near``, which ``far`` needs, needs ``far`` too; impossible if it needs fewer modules."""
    needs = closures.get(near, ())
    return len(needs) >= len(closures[far]) and far in needs


def build(needs: Mapping[str, Sequence[str]]) -> Graph:
    """The graph of ``needs``: module -> modules that it uses."""
    graph: Graph = nx.DiGraph()
    graph.add_nodes_from(needs)
    graph.add_edges_from((user, needed) for user, all_needed in needs.items() for needed in all_needed)
    return graph


def soften(graph: Graph, edges: Iterable[Edge]) -> None:
    """Add soft dependencies; hard ones take precedence."""
    for user, needed, kind in edges:
        if not graph.has_edge(user, needed):
            graph.add_edge(user, needed, kind=kind)


def cycles(graph: Graph, rank: Callable[[str], Any] = str) -> list[list[str]]:
    """A shortest cycle through the first module (by ``rank``) of each strongly connected component.

    Each begins and ends with that module. The number of all cycles may be exponential.
    """
    found = []
    for tangle in nx.strongly_connected_components(graph):
        first = min(tangle, key=rank)
        if len(tangle) > 1:
            inside = graph.subgraph(tangle)
            lengths = nx.single_target_shortest_path(inside, first)
            way = min(
                (lengths[after] for after in inside.successors(first)), key=lambda path: (len(path), path)
            )
            found.append([first, *way])
        elif graph.has_edge(first, first):
            found.append([first, first])
    return sorted(found, key=lambda way: [rank(name) for name in way])


def tangled(graph: Graph) -> set[str]:
    """The modules that depend on themselves, directly or indirectly."""
    parts = nx.strongly_connected_components(graph)
    return {name for part in parts for name in part if len(part) > 1 or graph.has_edge(name, name)}


def closure(graph: Graph, name: str) -> set[str]:
    """The direct and indirect dependencies of ``name``; raises NotFound for an unknown name."""
    return set(nx.descendants(graph, _known(graph, name)))


def who_needs(graph: Graph, name: str) -> set[str]:
    """The direct and indirect users of ``name``; raises NotFound for an unknown name."""
    return set(nx.ancestors(graph, _known(graph, name)))


def above(graph: Graph, user: str) -> dict[str, str]:
    """For each dependency of ``user``, its predecessor on a shortest path."""
    return {needed: before for before, needed in nx.bfs_edges(graph, user)} if user in graph else {}


def removal_order(graph: Graph, name: str) -> list[str]:
    """The modules to remove before ``name``, users before their dependencies, and ``name`` last.

    Modules in a cycle cannot be removed; those of one cycle are adjacent.
    """
    going = graph.subgraph({name, *who_needs(graph, name)})
    tangles = nx.condensation(going)
    order = nx.lexicographical_topological_sort(tangles, key=lambda at: min(tangles.nodes[at]["members"]))
    return [module for at in order for module in sorted(tangles.nodes[at]["members"])]


def part(graph: Graph, roots: Sequence[str], *, reverse: bool = False) -> Part:
    """``roots`` with their dependencies or dependents, soft ones included."""
    after = graph.predecessors if reverse else graph.successors
    todo = [_known(graph, root) for root in roots]
    nodes = set(todo)
    while todo:
        found = set(after(todo.pop())) - nodes
        nodes |= found
        todo += found
    kinds = graph.subgraph(nodes).edges.data("kind", "needs")
    edges = [Edge(user, needed, KINDS[kind]) for user, needed, kind in kinds]
    return Part(tuple(roots), tuple(sorted(nodes)), tuple(sorted(edges)))


def components(seen: Part) -> list[list[list[str]]]:
    """The connected components, each as columns, with dependencies to the right of their users.

    In a cycle one edge is ignored, a soft one if possible.
    """
    graph: Graph = nx.DiGraph()
    graph.add_nodes_from(seen.nodes)
    soften(graph, (edge for edge in seen.edges if edge.user != edge.needed))
    tangles = [tangle for tangle in nx.strongly_connected_components(graph) if len(tangle) > 1]
    for tangle in tangles:
        _untangle(graph, graph.subgraph(tangle))
    return [_columns(graph.subgraph(piece)) for piece in nx.weakly_connected_components(graph)]


def _untangle(graph: Graph, tangle: Graph) -> None:
    """Remove edges of ``graph`` until its component ``tangle`` has no cycle."""
    while True:
        try:
            cycle = nx.find_cycle(tangle)
        except nx.NetworkXNoCycle:
            return
        graph.remove_edge(*max(cycle, key=lambda ends: graph.edges[ends]["kind"] != "needs")[:2])


def _columns(graph: Graph) -> list[list[str]]:
    """The modules by their distance from those without users, which are placed next to their dependencies."""
    column = {name: at for at, names in enumerate(nx.topological_generations(graph)) for name in names}
    for name in [name for name in graph if not graph.in_degree(name) and graph.out_degree(name)]:
        column[name] = min(column[needed] for needed in graph.successors(name)) - 1
    columns: list[list[str]] = [[] for _ in range(max(column.values()) + 1)]
    for name in sorted(column):
        columns[column[name]].append(name)
    return columns


def _known(graph: Graph, name: str) -> str:
    if name not in graph:
        raise NotFound(name, f"no module {name!r} in modules.dep")
    return name
