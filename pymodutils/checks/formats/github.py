"""A report as workflow commands, which GitHub shows as annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pymodutils.checks.verdict import Finding, Report, Verdict

LEVELS: Final = {"error": "error", "warning": "warning", "note": "notice"}
ESCAPES: Final = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
MORE: Final = ((":", "%3A"), (",", "%2C"))  # in properties only


def render(report: Report) -> str:
    """A line for each finding, and a last one that sums up."""
    lines = [_line(verdict, finding) for verdict in report.verdicts for finding in verdict.findings]
    good = len(report.verdicts) - len(report.failures)
    return "".join(f"{line}\n" for line in [*lines, f"{good} of {len(report.verdicts)} load"])


def _line(verdict: Verdict, finding: Finding) -> str:
    title = _property(f"{verdict.title} on {verdict.kernel}: {finding.rule}")
    text = finding.message + (f"\nTo do: {finding.advice}" if finding.advice else "")
    level = LEVELS[finding.severity.value]
    return f"::{level} file={_property(verdict.path)},title={title}::{_escaped(text, ESCAPES)}"


def _property(text: str) -> str:
    return _escaped(text, (*ESCAPES, *MORE))


def _escaped(text: str, table: tuple[tuple[str, str], ...]) -> str:
    for sign, code in table:
        text = text.replace(sign, code)
    return text
