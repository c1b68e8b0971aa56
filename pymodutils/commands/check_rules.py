"""Rules on the command line of ``check``: selection and explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pymodutils.checks.rules import Rule
from pymodutils.names import suggestion

if TYPE_CHECKING:
    from collections.abc import Sequence


if TYPE_CHECKING:
    Choice = click.Choice[str]
else:
    Choice = click.Choice  # generic since click 8.2 only


class Names(Choice):
    """Comma-separated names of rules."""

    def __init__(self) -> None:
        super().__init__([rule.value for rule in Rule])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The rules, in order; fails for an unknown name."""
        for name in (names := value.split(",")):
            if name not in self.choices:
                advice = suggestion(name, self.choices) or ": see check --list-rules"
                self.fail(f"unknown rule '{name}'{advice}", param, ctx)
        return [Rule(name) for name in names]


def chosen(select: Sequence[Sequence[Rule]], ignore: Sequence[Sequence[Rule]]) -> list[Rule]:
    """The rules to report: ``select``, or all, minus ``ignore``."""
    left_out = {rule for rules in ignore for rule in rules}
    wanted = [rule for rules in select for rule in rules] or list(Rule)
    return [rule for rule in wanted if rule not in left_out]


def show(explained: Sequence[Rule] | None) -> int:
    """Print a line for each rule of ``explained`` (None: all); for a single one also its advice."""
    rules = explained or list(Rule)
    if len(rules) == 1:
        rule = rules[0]
        print(f"{rule} ({rule.severity}): {rule.sentence}\n{rule.advice}")  # noqa: T201 -- the answer
    else:
        print("\n".join(f"{rule:<14} {rule.severity:<8} {rule.sentence}" for rule in rules))  # noqa: T201
    return 0
