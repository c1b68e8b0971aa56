"""Mutants of a source file: one comparison, constant, operator, boolean or statement changed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

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


class Mutant(NamedTuple):
    """A changed source, and where and how it differs."""

    line: int
    what: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of ``source``, in its order."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = [ast.Pass()]  # it is never run
    for node in ast.walk(tree):
        for change in CHANGES:
            for what, undo in change(node):
                mutant = Mutant(getattr(node, "lineno", 0), what, ast.unparse(tree))
                undo()
                yield mutant


Changed = Iterator[tuple[str, Callable[[], None]]]  # what was done to a node, and how to undo it


def _comparison(node: ast.AST) -> Changed:
    if isinstance(node, ast.Compare):
        for at, old in enumerate(node.ops):
            node.ops[at] = COMPARISONS[type(old)]()
            yield f"{_name(old)} -> {_name(node.ops[at])}", partial(node.ops.__setitem__, at, old)


def _operator(node: ast.AST) -> Changed:
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OPERATORS:
        new = OPERATORS[type(node.op)]()
        yield f"{_name(node.op)} -> {_name(new)}", _swapped(node, "op", new)


def _boolean(node: ast.AST) -> Changed:
    if isinstance(node, ast.BoolOp):
        new = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield f"{_name(node.op)} -> {_name(new)}", _swapped(node, "op", new)
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
        if call or isinstance(old, ast.AugAssign | ast.Raise | ast.Continue):
            node.body[at] = ast.Pass()
            yield f"line {old.lineno} removed", partial(node.body.__setitem__, at, old)


CHANGES = (_comparison, _operator, _boolean, _constant, _statement)


def _name(node: ast.AST) -> str:
    return type(node).__name__


def _swapped(node: ast.AST, field: str, new: object) -> Callable[[], None]:
    """Put ``new`` into a field of ``node``; what undoes it."""
    old = getattr(node, field)
    setattr(node, field, new)
    return partial(setattr, node, field, old)
