"""A report as workflow commands, which GitHub shows as annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.checks.formats import location
from pymodutils.checks.rule_type import Severity
from pymodutils.printable import printable

if TYPE_CHECKING:
    from pymodutils.checks.verdict import Finding, Report, Verdict

NOTICE: Final = "notice"
LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: NOTICE}
MOST: Final = 10  # annotations per level that GitHub shows for a step
ESCAPES: Final = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
MORE: Final = ((":", "%3A"), (",", "%2C"))  # in properties only


def render(report: Report) -> str:
    """One line per finding, and a summary."""
    found = [
        (NOTICE if report.expects(verdict) else LEVELS[finding.severity], verdict, finding)
        for verdict in report.verdicts
        for finding in verdict.findings
    ]
    lines = []
    for level in dict.fromkeys(LEVELS.values()):
        some = [_line(*each) for each in found if each[0] == level]
        lines += some[:MOST]
        if some[MOST:]:
            lines.append(f"{len(some) - MOST} more of level {level} are not annotated")
    lines.append(", ".join(filter(None, [report.tally, report.assumed])))
    return "".join(f"{line}\n" for line in lines)


def _line(level: str, verdict: Verdict, finding: Finding) -> str:
    title = _property(f"{verdict.title} on {verdict.kernel}: {finding.rule}")
    text = finding.whole + (f"\nTo do: {finding.advice}" if finding.advice else "")
    place = location.of(verdict, finding)
    file = f"file={_property(place.path)}," if place.path else ""
    line = f"line={place.line}," if place.line else ""
    return f"::{level} {file}{line}title={title}::{_escaped(text, ESCAPES)}"


def _property(text: str) -> str:
    return _escaped(text, (*ESCAPES, *MORE))


def _escaped(text: str, table: tuple[tuple[str, str], ...]) -> str:
    text = "\n".join(map(printable, text.split("\n")))
    for sign, code in table:
        text = text.replace(sign, code)
    return text
