"""Mutants of a source file: one comparison, constant, operator, boolean or statement changed.

Code without an observable effect is not mutated: annotations, ``if TYPE_CHECKING``, ``assert_never``, methods
that subclasses must override, and the keywords of ``UNSEEN``.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, NamedTuple

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
UNSEEN: Final = frozenset(
    {
        *(("dataclass", "frozen"), ("dataclass", "slots"), ("zip", "strict")),
        *(("lru_cache", "maxsize"), ("deque", "maxlen")),
    }
)


class Mutant(NamedTuple):
    """The place and kind of a change; ``number`` counts the mutants of the source from 0."""

    line: int
    what: str
    number: int


def mutants(source: str) -> list[Mutant]:
    """Every mutant of ``source``."""
    return [Mutant(line, what, number) for number, (line, what, _) in enumerate(_changes(source))]


def mutated(source: str, mutant: Mutant) -> str:
    """``source`` with its change."""
    return next(
        ast.unparse(tree) for number, (_, _, tree) in enumerate(_changes(source)) if number == mutant.number
    )


def _changes(source: str) -> Iterator[tuple[int, str, ast.Module]]:
    """The line, the description and, until the next one is requested, the changed tree."""
    tree = ast.parse(source)
    for node in _seen(tree):
        for change in CHANGES:
            for what, undo in change(node):
                yield getattr(node, "lineno", 0), what, tree
                undo()


def _seen(node: ast.AST) -> Iterator[ast.AST]:
    """``node`` and all below it with observable effects."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns"} or (name == "body" and _named(node, "test") == "TYPE_CHECKING"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _unseen(node, child):
                yield from _seen(child)


def _unseen(node: ast.AST, child: ast.AST) -> bool:
    return isinstance(child, ast.keyword) and (_named(node, "func"), child.arg) in UNSEEN


def _named(node: ast.AST, field: str) -> str:
    """The name in a field of ``node``, if it is one."""
    value = getattr(node, field, None)
    return value.id if isinstance(value, ast.Name) else ""


Changed = Iterator[tuple[str, Callable[[], None]]]  # what was done to a node, and how to undo it


def _comparison(node: ast.AST) -> Changed:
    if isinstance(node, ast.Compare):
        for at, old in enumerate(node.ops):
            node.ops[at] = COMPARISONS[type(old)]()
            yield f"{_kind(old)} -> {_kind(node.ops[at])}", partial(node.ops.__setitem__, at, old)


def _operator(node: ast.AST) -> Changed:
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OPERATORS:
        new = OPERATORS[type(node.op)]()
        yield f"{_kind(node.op)} -> {_kind(new)}", _swapped(node, "op", new)


def _boolean(node: ast.AST) -> Changed:
    if isinstance(node, ast.BoolOp):
        new = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield f"{_kind(node.op)} -> {_kind(new)}", _swapped(node, "op", new)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not -> not not", _swapped(node, "operand", ast.UnaryOp(ast.Not(), node.operand))


def _constant(node: ast.AST) -> Changed:
    if not isinstance(node, ast.Constant) or not isinstance(node.value, int):
        return
    value = node.value
    for new in [not value] if isinstance(value, bool) else [value + 1, value - 1]:
        yield f"{value} -> {new}", _swapped(node, "value", new)


def _statement(node: ast.AST) -> Changed:
    if not isinstance(node, ast.FunctionDef | ast.If | ast.For | ast.With | ast.Try):
        return
    for at, old in enumerate(node.body):
        call = isinstance(old, ast.Expr) and isinstance(old.value, ast.Call)
        if (call or isinstance(old, ast.AugAssign | ast.Raise | ast.Continue)) and not _never(old):
            node.body[at] = ast.Pass()
            yield f"line {old.lineno} removed", partial(node.body.__setitem__, at, old)


def _never(statement: ast.stmt) -> bool:
    """Whether ``statement`` is marked as unreachable."""
    if isinstance(statement, ast.Raise):
        return isinstance(statement.exc, ast.Call) and _named(statement.exc, "func") == "NotImplementedError"
    return isinstance(statement, ast.Expr) and _named(statement.value, "func") == "assert_never"


CHANGES = (_comparison, _operator, _boolean, _constant, _statement)


def _kind(node: ast.AST) -> str:
    return type(node).__name__


def _swapped(node: ast.AST, field: str, new: object) -> Callable[[], None]:
    """Set a field of ``node`` to ``new``; return what undoes it."""
    old = getattr(node, field)
    setattr(node, field, new)
    return partial(setattr, node, field, old)
