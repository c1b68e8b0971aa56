"""Formulas: their arguments, and whether they take columns."""

from __future__ import annotations

import inspect
import random

import pytest

from pymodutils import arch
from pymodutils.arch.formula import Formula
from pymodutils.arch.vector import packed
from tests.arch.historic import HISTORIC

FORMULAS = {
    f"{row.calc.function.__module__}.{row.calc.function.__name__}": row.calc
    for each in (*arch.every(), *(judged.arch for judged in HISTORIC))
    for row in each.relocs.values()
}


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
def test_letters_are_the_names_of_the_parameters(formula: Formula) -> None:
    assert tuple(inspect.signature(formula.function).parameters) == formula.letters


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
def test_columns_give_what_numbers_give(formula: Formula) -> None:
    chance = random.Random(1)  # noqa: S311 -- numbers to calculate with
    rows = [[chance.randrange(-(1 << 47), 1 << 47) for _ in formula.letters] for _ in range(9)]
    lanes = [packed(column, len(rows)) for column in zip(*rows, strict=True)]
    if formula.vectorized:
        assert formula.function(*lanes).values() == [formula.function(*row) for row in rows]  # type: ignore[attr-defined]
    elif formula.letters:
        with pytest.raises((TypeError, AttributeError)):
            formula.function(*lanes).values()  # type: ignore[attr-defined]
