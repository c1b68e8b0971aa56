"""The findings on one kernel, grouped by reason and advice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.checks.rule_type import Severity

if TYPE_CHECKING:
    from pymodutils.checks.verdict import Finding, Report

    ByText = dict[tuple[str, ...], "ModuleGroup"]

FEW: Final = 3  # messages of one rule and advice that are still reported one by one


class ModuleGroup(NamedTuple):
    """Modules with the same reason; ``first`` is the finding of the first one."""

    first: Finding
    modules: list[str]
    excuse: str = ""  # see Report.excuse


def groups(report: Report, kernel: str, *, whole: bool) -> list[ModuleGroup]:
    """The findings on ``kernel``, the worst first, those that do not count last in their severity.

    Equal findings form one group. Unless ``whole``, so do more than FEW messages of one rule and advice.
    """
    kinds: dict[tuple[Severity, str, str], dict[str, ByText]] = {}
    for verdict in report.verdicts:
        for it in verdict.findings if verdict.kernel == kernel else ():
            excuse = report.excuse(verdict) if it.severity is Severity.ERROR else ""
            by_advice = kinds.setdefault((it.severity, excuse, it.rule), {})
            text = (it.message, *it.symbols) if whole else (it.message,)
            same = by_advice.setdefault(it.advice, {})
            same.setdefault(text, ModuleGroup(it, [], excuse)).modules.append(verdict.title)
    severities = list(Severity)
    order = sorted(kinds, key=lambda kind: (severities.index(kind[0]), kind[1]))
    return [
        group
        for kind in order
        for by_text in kinds[kind].values()
        for group in _few(list(by_text.values()), whole=whole)
    ]


def _few(found: list[ModuleGroup], *, whole: bool) -> list[ModuleGroup]:
    if whole or len(found) <= FEW:
        return found
    return [found[0]._replace(modules=[name for group in found for name in group.modules])]
