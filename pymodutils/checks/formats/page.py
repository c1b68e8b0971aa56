"""A report as one self-contained HTML page: page.html with the report's data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pymodutils.checks.formats import template
from pymodutils.checks.rule_type import Severity
from pymodutils.version import __version__

if TYPE_CHECKING:
    from pymodutils.checks.verdict import Report

PAGE: Final = "page.html"


def render(report: Report) -> str:
    """The page."""
    return template.filled(__package__, PAGE, _data(report))


def _data(report: Report) -> dict[str, Any]:
    """The report with each distinct finding once: thousands of modules share them."""
    known: dict[tuple[Any, ...], int] = {}
    severities = list(Severity)
    verdicts = []
    for verdict in report.verdicts:
        numbers = []
        for it in verdict.findings:
            finding = (it.rule, severities.index(it.severity), it.message, it.advice, it.types)
            numbers.append(known.setdefault(finding, len(known)))
        row = [verdict.error, numbers, list(verdict.needed), list(verdict.log), report.excuse(verdict)]
        verdicts.append(row)
    width = max(1, len(report.kernels))
    return {
        "made": f"pymodutils {__version__}",
        "assumed": report.assumed,
        "kernels": [[it.label, it.source, it.arch, it.exports] for it in report.kernels],
        "modules": [[it.module, it.path, it.title] for it in report.verdicts[::width]],
        "verdicts": verdicts,
        "findings": list(known),
        "severities": [severity.value for severity in severities],
    }
