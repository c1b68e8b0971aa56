"""The findings on one kernel, those with one reason together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pymodutils.checks.rules import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.checks.verdict import Finding, Report

FEW = 3  # modules of one rule that are told one by one


class Group(NamedTuple):
    """Modules with one reason; ``first`` is that of the first of them."""

    first: Finding
    modules: list[str]


def groups(report: Report, kernel: str, severities: Sequence[Severity] = tuple(Severity)) -> list[Group]:
    """What there is to know of ``kernel``, the worst first.

    Equal sentences are one group; so are all of a rule that are more than FEW.
    """
    by_rule: dict[tuple[Severity, str], dict[str, Group]] = {}
    for verdict in report.verdicts:
        for finding in verdict.findings if verdict.kernel == kernel else ():
            if finding.severity in severities:
                same = by_rule.setdefault((finding.severity, finding.rule), {})
                same.setdefault(finding.message, Group(finding, [])).modules.append(verdict.title)
    order = sorted(by_rule, key=lambda key: severities.index(key[0]))
    return [group for key in order for group in _few(list(by_rule[key].values()))]


def _few(found: list[Group]) -> list[Group]:
    if len(found) <= FEW:
        return found
    return [Group(found[0].first, [name for group in found for name in group.modules])]
