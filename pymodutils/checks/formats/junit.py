"""A report as JUnit XML: one suite per kernel, one case per module.

The document is valid for Ant's schema (JUnit.xsd) and Jenkins' (junit-10.xsd), so a case has no output of
its own, and files are named in the text.
"""

from __future__ import annotations

import re
import time
from os import uname
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

from pymodutils.checks.rule_type import Severity
from pymodutils.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pymodutils.checks.verdict import Report, Verdict

    Timed = tuple[Verdict, float]

FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
STAMP: Final = "%Y-%m-%dT%H:%M:%S"  # UTC: the schema has no time zone


def render(report: Report) -> str:
    """The document."""
    timed = list(zip(report.verdicts, report.seconds or (0.0,) * len(report.verdicts), strict=True))
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>"]
    for number, kernel in enumerate(report.kernels):
        own = [each for each in timed if each[0].kernel == kernel.label]
        lines.append(f"<testsuite name={_quoted(kernel.label)} {_head(report, own, number)}>")
        lines += _properties(
            {
                "source": kernel.source,
                "release": kernel.release,
                "arch": kernel.arch,
                **({"assumed": report.assumed} if report.assumed else {}),
            }
        )
        lines += [line for each in own for line in _case(each, report.excuse(each[0]))]
        lines += [f"<system-out>{_remarks(own)}</system-out>", "<system-err/>", "</testsuite>"]
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _head(report: Report, own: Sequence[Timed], number: int) -> str:
    skipped = sum(report.expects(verdict) for verdict, _ in own)
    attributes = {
        "package": "pymodutils",
        "id": str(number),
        "hostname": uname().nodename or "localhost",
        "timestamp": time.strftime(STAMP, time.gmtime(report.started)),
        "tests": str(len(own)),
        "failures": str(sum(not verdict.loads for verdict, _ in own) - skipped),
        "errors": "0",
        **({"skipped": str(skipped)} if skipped else {}),
        "time": f"{sum(seconds for _, seconds in own):.3f}",
    }
    return " ".join(f"{name}={_quoted(value)}" for name, value in attributes.items())


def _properties(values: Mapping[str, str]) -> Iterator[str]:
    yield "<properties>"
    for name, value in values.items():
        yield f'<property name="{name}" value={_quoted(value)}/>'
    yield "</properties>"


def _case(timed: Timed, excuse: str) -> Iterator[str]:
    verdict, seconds = timed
    head = f"<testcase classname={_quoted(verdict.kernel)} name={_quoted(verdict.title)}"
    head += f' time="{seconds:.3f}"'
    if verdict.loads:
        yield f"{head}/>"
        return
    yield f"{head}>"
    if excuse:
        yield f"<skipped>{_clean(escape(f'{excuse}: {_text(verdict)}'))}</skipped>"
    else:
        first = verdict.of(Severity.ERROR)[0]
        yield f"<failure type={_quoted(first.rule)} message={_quoted(first.message)}>"
        yield f"{_clean(escape(_text(verdict)))}</failure>"
    yield "</testcase>"


def _text(verdict: Verdict) -> str:
    """Reasons, file and log; no name in them starts a line, where CI services look for commands."""
    lines = [verdict.error]
    for it in verdict.of(Severity.ERROR):
        lines += [f"{it.rule}: {it.whole}", f"  to do: {it.advice}"]
    return "\n".join(map(printable, [*lines, f"file: {verdict.path}", "log:", *verdict.log]))


def _remarks(own: Sequence[Timed]) -> str:
    """The warnings and notes, one line each."""
    told = [
        f"{verdict.title}: {it.severity}: {it.rule}: {it.message}"
        for verdict, _ in own
        for it in verdict.findings
        if it.severity is not Severity.ERROR
    ]
    return _clean(escape("\n".join(map(printable, told))))


def _quoted(text: str) -> str:
    return _clean(quoteattr(printable(text)))


def _clean(text: str) -> str:
    """``text`` without characters that XML does not allow."""
    return FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
