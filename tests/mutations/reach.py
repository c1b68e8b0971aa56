"""Which lines of a source show, when they run, that a line has an effect."""

from __future__ import annotations

import ast
from collections.abc import Iterator

Function = ast.FunctionDef | ast.AsyncFunctionDef


def reach(source: str, line: int) -> set[int]:
    """The lines of the statement at ``line``, or of the function whose default values are there.

    Lines that run on import, such as rows of tables, have none.
    """
    owner, statement = _at(ast.parse(source), line)
    if isinstance(statement, Function):
        return _lines(statement.body)
    return set(_header(statement)) if owner else set()


def functions(source: str) -> set[int]:
    """The lines of all functions."""
    nodes = ast.walk(ast.parse(source))
    return {each for node in nodes if isinstance(node, Function) for each in _lines(node.body)}


def _at(tree: ast.Module, line: int) -> tuple[Function | None, ast.stmt]:
    """The innermost function around ``line``, and the innermost statement that contains it."""
    owner: Function | None = None
    found = tree.body[0]
    for outer, statement in _statements(tree, None):
        if line in _header(statement):
            owner, found = outer, statement
    return owner, found


def _statements(node: ast.AST, owner: Function | None) -> Iterator[tuple[Function | None, ast.stmt]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield owner, child
        yield from _statements(child, child if isinstance(child, Function) else owner)


def _header(statement: ast.stmt) -> range:
    """The lines of a statement without those of the statements in it."""
    inner = [
        child.lineno
        for child in ast.walk(statement)
        if isinstance(child, ast.stmt) and child is not statement
    ]
    decorators = [each.lineno for each in getattr(statement, "decorator_list", ())]
    last = statement.end_lineno or statement.lineno
    return range(min([statement.lineno, *decorators]), min([last + 1, *inner]))


def _lines(body: list[ast.stmt]) -> set[int]:
    return set(range(body[0].lineno, (body[-1].end_lineno or body[-1].lineno) + 1))
