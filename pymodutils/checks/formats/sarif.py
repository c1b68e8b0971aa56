"""A report as SARIF 2.1.0, which code scanning of GitHub and others show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pymodutils.checks.rules import Rule, Severity
from pymodutils.version import __version__

if TYPE_CHECKING:
    from pymodutils.checks.verdict import Finding, Report, Verdict

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
ORDER: Final = list(Rule)


def document(report: Report) -> dict[str, Any]:
    """The log, as what JSON can hold."""
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
    driver = {"name": "pymodutils check", "version": __version__, "rules": rules}
    results = [
        _result(verdict, it, expected=report.expects(verdict) and it.severity is Severity.ERROR)
        for verdict in report.verdicts
        for it in verdict.findings
    ]
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


HELP: Final = "https://github.com/pymodutils/pymodutils/blob/main/docs/check.md"


def _result(verdict: Verdict, finding: Finding, *, expected: bool) -> dict[str, Any]:
    advice = f" To do: {finding.advice}." if finding.advice else ""
    text = f"{verdict.title} on {verdict.kernel}: {finding.message}.{advice}"
    path = verdict.path.lstrip("/").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    suppressions = [{"kind": "external", "justification": "listed as expected"}] if expected else []
    return {
        "ruleId": finding.rule,
        "ruleIndex": ORDER.index(finding.rule),
        "level": finding.severity.value,
        "suppressions": suppressions,
        "message": {"text": text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(path)}}}],
        "partialFingerprints": {
            "pair/v1": f"{verdict.title}|{verdict.kernel}|{finding.rule}|{finding.subject}"
        },
    }


def _uri(path: str) -> str:
    from urllib.parse import quote  # noqa: PLC0415 -- only here

    return quote(path, safe="/+,=@~")
