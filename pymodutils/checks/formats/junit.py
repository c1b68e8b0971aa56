"""A report as JUnit's XML: a suite for each kernel, a case for each module."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

from pymodutils.checks.rules import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.checks.verdict import Report, Verdict

FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> str:
    """The document."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites{_counts(report, report.verdicts)}>"]
    for kernel in report.kernels:
        verdicts = [verdict for verdict in report.verdicts if verdict.kernel == kernel.label]
        lines.append(f"<testsuite name={_quoted(kernel.label)}{_counts(report, verdicts)}>")
        lines += [line for verdict in verdicts for line in _case(verdict, expected=report.expects(verdict))]
        lines.append("</testsuite>")
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _counts(report: Report, verdicts: Sequence[Verdict]) -> str:
    skipped = sum(map(report.expects, verdicts))
    failures = sum(not verdict.loads for verdict in verdicts) - skipped
    return f' tests="{len(verdicts)}" failures="{failures}" errors="0"' + (
        f' skipped="{skipped}"' if skipped else ""
    )


def _case(verdict: Verdict, *, expected: bool) -> Iterator[str]:
    head = f"<testcase classname={_quoted(verdict.kernel)} name={_quoted(verdict.title)}"
    head += f" file={_quoted(verdict.path)}"
    others = [finding for finding in verdict.findings if finding.severity is not Severity.ERROR]
    if verdict.loads and not others:
        yield f"{head}/>"
        return
    yield f"{head}>"
    if not verdict.loads:
        first = verdict.of(Severity.ERROR)[0]
        if expected:
            yield f"<skipped message={_quoted(f'expected: {first.rule}: {first.message}')}/>"
        else:
            yield f"<failure type={_quoted(first.rule)} message={_quoted(first.message)}>"
            yield f"{_text(verdict)}</failure>"
    if others:
        told = "\n".join(f"{it.severity}: {it.rule}: {it.message}" for it in others)
        yield f"<system-out>{_clean(escape(told))}</system-out>"
    yield "</testcase>"


def _text(verdict: Verdict) -> str:
    lines = [f"{it.rule}: {it.message}\n  to do: {it.advice}" for it in verdict.of(Severity.ERROR)]
    return _clean(escape("\n".join([f"{verdict.error}", *lines, "log:", *verdict.log])))


def _quoted(text: str) -> str:
    return _clean(quoteattr(text))


def _clean(text: str) -> str:
    """``text`` without what XML cannot hold."""
    return FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
