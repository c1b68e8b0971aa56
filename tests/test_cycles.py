"""No import cycles, not even for types or inside functions."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pymodutils

PACKAGE = Path(pymodutils.__file__).parent


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {name_of(path): path for path in PACKAGE.rglob("*.py")}


def imported(path: Path) -> set[str]:
    """The modules that any import statement of the file names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in FILES else node.module for name in names}
    return found & FILES.keys()


def test_the_graph_of_imports_has_no_cycle() -> None:
    graph = {name: imported(path) - {name} for name, path in FILES.items()}
    assert sum(map(len, graph.values())) > len(graph)
    assert set(TopologicalSorter(graph).static_order()) == graph.keys()  # raises CycleError
