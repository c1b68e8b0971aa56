"""A report as SARIF 2.1.0, for code scanning on GitHub and elsewhere."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final

from pymodutils.checks.formats import location
from pymodutils.checks.rule_type import Severity
from pymodutils.checks.rules import Rule
from pymodutils.version import __version__

if TYPE_CHECKING:
    from pymodutils.checks.formats.location import Location
    from pymodutils.checks.verdict import Finding, Report, Verdict

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
HELP: Final = "https://github.com/pymodutils/pymodutils/blob/main/docs/check.md"
ORDER: Final = list(Rule)
SERIES: Final = re.compile(
    r"^(\d+\.\d+)[\d.]*(?:-rc\d+)?(?:-\d+)*"
)  # the part of a release that updates keep
SAFE: Final = "/+,=@~"  # kept in a path, besides what is never quoted


def document(report: Report) -> dict[str, Any]:
    """The log, as JSON values."""
    rules = [
        {
            "id": rule.value,
            "shortDescription": {"text": rule.sentence},
            "fullDescription": {"text": f"{rule.sentence} {rule.advice}"},
            "help": {"text": rule.advice},
            "helpUri": f"{HELP}#{rule.value}",
            "defaultConfiguration": {"level": rule.severity.value},
        }
        for rule in Rule
    ]
    driver = {"name": f"pymodutils {report.command}", "version": __version__, "rules": rules}
    results = [
        _result(verdict, it, expected=report.expects(verdict) and it.severity is Severity.ERROR)
        for verdict in report.verdicts
        for it in verdict.findings
    ]
    details = {"id": _category(report)}
    run: dict[str, Any] = {"tool": {"driver": driver}, "automationDetails": details, "results": results}
    if report.assumed:
        run["properties"] = {"assumed": report.assumed}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _category(report: Report) -> str:
    """The category: the same for updates of the same kernels, distinct for others: ``.../6.1-amd64/``.

    GitHub closes an alert when a later report of the same category lacks it.
    """
    names = dict.fromkeys(SERIES.sub(r"\1", kernel.label) for kernel in report.kernels)
    return f"pymodutils/{report.command}/{'+'.join(_quoted(name).replace('/', '%2F') for name in names)}/"


def _result(verdict: Verdict, finding: Finding, *, expected: bool) -> dict[str, Any]:
    advice = f" To do: {finding.advice}." if finding.advice else ""
    text = f"{verdict.title} on {verdict.kernel}: {finding.whole}.{advice}"
    suppressions = [{"kind": "external", "justification": "listed as expected"}] if expected else []
    return {
        "ruleId": finding.rule,
        "ruleIndex": ORDER.index(finding.rule),
        "level": finding.severity.value,
        "suppressions": suppressions,
        "message": {"text": text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")},
        "locations": [_location(location.of(verdict, finding))],
        "partialFingerprints": {
            "pair/v1": f"{verdict.title}|{verdict.kernel}|{finding.rule}|{finding.subject}"
        },
    }


def _location(place: Location) -> dict[str, Any]:
    found: dict[str, Any] = {"artifactLocation": {"uri": _uri(place.path)}}
    if place.line:
        found["region"] = {"startLine": place.line}
    return {"physicalLocation": found}


def _uri(path: str) -> str:
    """Relative for files below the working directory, so that code scanning finds them; else file:."""
    inside = location.relative(path)
    return _quoted(inside) if inside else f"file://{_quoted(os.path.abspath(path))}"


def _quoted(text: str) -> str:
    from urllib.parse import quote  # noqa: PLC0415 -- only here

    return quote(text.encode("utf-8", "surrogateescape"), safe=SAFE)
