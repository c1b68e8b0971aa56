"""A report as Markdown, for a job summary or a comment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pymodutils.checks.formats.grouped import groups
from pymodutils.checks.rule_type import Severity
from pymodutils.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.checks.formats.grouped import ModuleGroup
    from pymodutils.checks.verdict import Report, Verdict

LIMIT: Final = 1 << 20  # bytes that GitHub accepts as the summary of a step
NAMES: Final = 8  # modules listed per reason in a folded summary
MARKUP: Final = re.compile(r"[\\`*_\[\]<>|#!&~]")
ROWS: Final = 200  # rows of the table in a folded summary
MARKS: Final = {
    Severity.ERROR: "\N{CROSS MARK}",
    Severity.WARNING: "\N{WARNING SIGN}",
    Severity.NOTE: "\N{INFORMATION SOURCE}",
}


def render(report: Report) -> str:
    """The table of modules and kernels, then the findings; folded if it would exceed LIMIT."""
    text = _text(report, whole=True)
    return text if len(text.encode("utf-8", "replace")) <= LIMIT else _text(report, whole=False)


def _text(report: Report, *, whole: bool) -> str:
    return "\n".join([*_table(report, whole=whole), "", *_details(report, whole=whole)]).rstrip() + "\n"


def _table(report: Report, *, whole: bool) -> Iterator[str]:
    assumed = f" {_plain(report.assumed)}." if report.assumed else ""
    yield f"**{report.tally}.**{assumed}\n"
    kind = "module" if report.command == "check" else "need"
    yield f"| {kind} | " + " | ".join(_plain(kernel.label) for kernel in report.kernels) + " |"
    yield "|---|" + "---|" * len(report.kernels)
    width = len(report.kernels)
    rows = [report.verdicts[at : at + width] for at in range(0, len(report.verdicts), width)]
    shown = rows
    if not whole and len(rows) > ROWS:
        shown = [row for row in rows if not all(it.loads for it in row)][:ROWS]
    for row in shown:
        cells = " | ".join(_cell(it, report.excuse(it), report.passing) for it in row)
        yield f"| {_plain(row[0].title)} | {cells} |"
    if len(shown) < len(rows):
        yield f"\n{len(rows) - len(shown):,} more modules are not shown."


def _cell(verdict: Verdict, excuse: str, passing: str) -> str:
    if excuse:
        return f"{MARKS[Severity.NOTE]} {verdict.refusal} ({excuse})"
    if not verdict.loads:
        return f"{MARKS[Severity.ERROR]} {verdict.refusal}"
    return f"{MARKS[Severity.WARNING]} {passing}" if verdict.of(Severity.WARNING) else passing


def _details(report: Report, *, whole: bool) -> Iterator[str]:
    for kernel in report.kernels:
        found = groups(report, kernel.label, whole=whole)
        if found:
            yield f"### {_plain(kernel.label)}\n"
        for group in found:
            yield _item(group, whole=whole)
        if found:
            yield ""


def _item(group: ModuleGroup, *, whole: bool) -> str:
    most = len(group.modules) if whole else NAMES
    finding, names = group.first, ", ".join(map(_plain, group.modules[:most]))
    more = f" and {len(group.modules) - most} more" if group.modules[most:] else ""
    mark = MARKS[Severity.NOTE if group.excuse else finding.severity]
    head = f"- {mark} **{finding.rule}**{f' ({group.excuse})' if group.excuse else ''} {names}{more}"
    advice = f" **To do:** {_plain(finding.advice)}." if finding.advice else ""
    like = f"{_plain(group.modules[0])}: " if len(group.modules) > 1 and not whole else ""
    return f"{head}: {like}{_plain(finding.whole)}.{advice}"


def _plain(text: str) -> str:
    """``text`` escaped: no markup, link, image, tag, mention or control character."""
    return (
        MARKUP.sub(r"\\\g<0>", printable(text)).replace("@", "@\N{ZERO WIDTH SPACE}").replace("://", ":\\//")
    )
