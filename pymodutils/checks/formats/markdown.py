"""A report as Markdown, for a job's summary or a comment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pymodutils.checks.formats.grouped import groups
from pymodutils.checks.rules import Severity
from pymodutils.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.checks.verdict import Report, Verdict

MARKUP: Final = re.compile(r"[\\`*_\[\]<>|#!&~]")
ROWS: Final = 200  # of the table: what loads everywhere is only counted beyond
MARKS: Final = {
    Severity.ERROR: "\N{CROSS MARK}",
    Severity.WARNING: "\N{WARNING SIGN}",
    Severity.NOTE: "\N{INFORMATION SOURCE}",
}


def render(report: Report) -> str:
    """The table of modules and kernels, then what there is to know."""
    return "\n".join([*_table(report), "", *_details(report)]).rstrip() + "\n"


def _table(report: Report) -> Iterator[str]:
    good = len(report.verdicts) - len(report.failures)
    yield f"**{good:,} of {len(report.verdicts):,} load.**\n"
    yield "| module | " + " | ".join(_plain(kernel.label) for kernel in report.kernels) + " |"
    yield "|---|" + "---|" * len(report.kernels)
    width = len(report.kernels)
    rows = [report.verdicts[at : at + width] for at in range(0, len(report.verdicts), width)]
    shown = rows if len(rows) <= ROWS else [row for row in rows if not all(it.loads for it in row)][:ROWS]
    for row in shown:
        yield (
            f"| {_plain(row[0].title)} | "
            + " | ".join(_cell(it, expected=report.expects(it)) for it in row)
            + " |"
        )
    if len(shown) < len(rows):
        yield f"\n{len(rows) - len(shown):,} more modules are not shown."


def _cell(verdict: Verdict, *, expected: bool) -> str:
    if expected:
        return f"{MARKS[Severity.NOTE]} {verdict.refusal} (expected)"
    if not verdict.loads:
        return f"{MARKS[Severity.ERROR]} {verdict.refusal}"
    return f"{MARKS[Severity.WARNING]} loads" if verdict.of(Severity.WARNING) else "loads"


def _details(report: Report) -> Iterator[str]:
    for kernel in report.kernels:
        found = groups(report, kernel.label)
        if found:
            yield f"### {_plain(kernel.label)}\n"
        for group in found:
            finding, names = group.first, ", ".join(map(_plain, group.modules[:8]))
            more = f" and {len(group.modules) - 8} more" if group.modules[8:] else ""
            advice = f" **To do:** {_plain(finding.advice)}." if finding.advice else ""
            head = f"- {MARKS[finding.severity]} **{finding.rule}** {names}{more}"
            yield f"{head}: {_plain(finding.message)}.{advice}"
        if found:
            yield ""


def _plain(text: str) -> str:
    """``text`` as itself: no markup, link, image, tag or mention, and no character that acts."""
    return (
        MARKUP.sub(r"\\\g<0>", printable(text)).replace("@", "@\N{ZERO WIDTH SPACE}").replace("://", ":\\//")
    )
