"""A report as one JSON document; docs/check.schema.json describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pymodutils.checks.rule_type import Severity

if TYPE_CHECKING:
    from pymodutils.checks.kabi import Change, Comparison
    from pymodutils.checks.verdict import CheckedKernel, Report, Verdict

FORMAT: Final = "pymodutils check"
BETWEEN: Final = "pymodutils check --between"
VERSION: Final = 1


def document(report: Report) -> dict[str, Any]:
    """``report`` as JSON values."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "summary": {
            "verdicts": len(report.verdicts),
            "load": len(report.verdicts) - len(report.failures),
            "do_not_load": len(report.failures),
            **{f"{severity}s": _count(report, severity) for severity in Severity},
        },
        "kernels": [_kernel(kernel) for kernel in report.kernels],
        "verdicts": [
            {**_verdict(verdict), "expected": report.expects(verdict)} for verdict in report.verdicts
        ],
    }


def comparison(found: Comparison) -> dict[str, Any]:
    """``found`` as JSON values."""
    return {
        "format": BETWEEN,
        "version": VERSION,
        "before": _kernel(found.before),
        "after": _kernel(found.after),
        "changes": [_change(change) for change in found.changes],
        "modules": found.modules,
        "rebuild": found.rebuild,
        "reasons": [{**it._asdict(), "way": list(it.way)} for it in found.reasons],
        "unexplained": found.unexplained or None,
        "broken": [
            {**it._asdict(), "changes": [_change(change) for change in it.changes]} for it in found.broken
        ],
    }


def _count(report: Report, severity: Severity) -> int:
    return sum(len(verdict.of(severity)) for verdict in report.verdicts)


def _kernel(kernel: CheckedKernel) -> dict[str, Any]:
    return {**kernel._asdict(), "assumed": list(kernel.assumed)}


def _change(change: Change) -> dict[str, str]:
    return change._asdict()


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "module": verdict.module,
        "path": verdict.path,
        "kernel": verdict.kernel,
        "loads": verdict.loads,
        "errno": verdict.errno,
        "error": verdict.error or None,
        "init": ("assumed" if verdict.assumed else "ran") if verdict.loads else None,
        "log": list(verdict.log),
        "needed": list(verdict.needed),
        "findings": [
            {
                **finding._asdict(),
                "severity": finding.severity.value,
                "symbols": list(finding.symbols),
                "types": list(finding.types),
            }
            for finding in verdict.findings
        ],
    }
