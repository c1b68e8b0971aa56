"""The report of ``check`` as text: a table of verdicts, then the findings of each kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from pymodutils.checks.context import SHOWN, count
from pymodutils.checks.formats.grouped import groups
from pymodutils.checks.rule_type import Severity
from pymodutils.commands import output

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.checks.formats.grouped import ModuleGroup
    from pymodutils.checks.verdict import Report, Verdict

ROWS: Final = 40  # rows of a folded table; modules that load everywhere are only counted
NAMES: Final = 6  # modules per reason, when folded
GROUPS: Final = 6  # reasons per rule and kernel, when folded
TYPES: Final = 2  # differences between types, folded
INDENT: Final = 4  # columns of indentation
STYLES: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}


def print_text(report: Report, *, whole: bool) -> None:
    """Print ``report``; unless ``whole``, long lists are folded to their first items."""
    _print_table(report, whole=whole)
    for kernel in report.kernels:
        found = groups(report, kernel.label, whole=whole)
        if found:
            output.styled([("", ""), ("\n", ""), (kernel.label, "bold")])
        print_groups(found, whole=whole)
    for kernel in report.kernels:
        _print_assumed(kernel.label, kernel.assumed)
    if report.assumed:
        output.styled([("\n", ""), (report.assumed, "dim")])
    output.styled([("\n", ""), *_summary(report)])


def _print_table(report: Report, *, whole: bool) -> None:
    width = len(report.kernels)
    rows = [report.verdicts[at : at + width] for at in range(0, len(report.verdicts), width)]
    shown = rows
    if not whole and len(rows) > ROWS:
        shown = [row for row in rows if not all(it.loads for it in row)][:ROWS]
    if shown:
        titles = ["MODULE", *(kernel.label for kernel in report.kernels)]
        output.as_styled([(title, "bold") for title in titles], (_row(report, row) for row in shown))
    if len(shown) < len(rows):
        rest = rows if not shown else [row for row in rows if row not in shown]
        how = "load everywhere" if all(it.loads for row in rest for it in row) else "are not listed"
        click.echo(f"{len(rest):,} {'more ' if shown else ''}modules {how} (--full lists them)")


def _row(report: Report, row: Sequence[Verdict]) -> Iterator[tuple[str, str]]:
    yield row[0].title, ""
    for verdict in row:
        excuse = report.excuse(verdict)
        if excuse:
            yield f"{verdict.refusal} ({excuse})", "dim"
        elif not verdict.loads:
            yield verdict.refusal, "red"
        else:
            warned = verdict.of(Severity.WARNING)
            yield ("loads, with warnings", "yellow") if warned else ("loads", "green")


def print_groups(found: Sequence[ModuleGroup], *, whole: bool) -> None:
    """Print the reasons ``found`` for one kernel; folded unless ``whole``."""
    by_rule: dict[tuple[str, str, str], list[ModuleGroup]] = {}
    for group in found:
        by_rule.setdefault((group.first.severity, group.excuse, group.first.rule), []).append(group)
    for (severity, _, rule), same in by_rule.items():
        shown = same if whole else same[:GROUPS]
        for group in shown:
            _print_group(group, whole=whole)
        rest = same[len(shown) :]
        if rest:
            modules = count(sum(len(group.modules) for group in rest), "module")
            text = f"  {count(len(rest), 'more reason')} for {modules} (--full lists them)"
            output.styled([("  ", ""), (rule, STYLES[Severity(severity)]), (text, "")])


def _print_group(group: ModuleGroup, *, whole: bool) -> None:
    first, modules = group.first, group.modules
    most = len(modules) if whole else NAMES
    more = f" and {len(modules) - most:,} more" if modules[most:] else ""
    output.styled([
        ("  ", ""),
        (first.rule, "dim" if group.excuse else STYLES[first.severity]),
        (f" ({group.excuse})" if group.excuse else "", "dim"),
        (f"  {', '.join(modules[:most])}{more}", "bold"),
    ])  # fmt: skip
    like = f"{modules[0]}: " if len(modules) > 1 and not whole else ""
    output.paragraph([(f"{like}{first.message}", "")], INDENT)
    for text in first.types if whole else first.types[:TYPES]:
        output.paragraph([("types: ", "dim"), (text, "")], INDENT)
    if first.types[TYPES:] and not whole:
        rest = count(len(first.types) - TYPES, "more difference")
        output.paragraph([(f"{rest} (--full lists them)", "dim")], INDENT)
    if whole and len(first.symbols) > SHOWN:
        output.paragraph([("all: ", "dim"), (", ".join(first.symbols), "")], INDENT)
    if first.advice:
        output.paragraph([("to do: ", "green"), (first.advice, "")], INDENT)


def _print_assumed(label: str, assumed: Sequence[str]) -> None:
    """Print the properties that no source provides and a verdict may depend on."""
    if assumed:
        output.styled([("", ""), ("\n", ""), (label, "bold"), (", assumed", "")])
    for line in assumed:
        output.paragraph([(line, "")], INDENT)


def _summary(report: Report) -> Iterator[tuple[str, str]]:
    excused = [verdict for verdict in report.failures if report.expects(verdict)]
    bad = len(report.failures)
    pairs = f"{len(report.verdicts) - bad:,} of {len(report.verdicts):,}"
    kernels = count(len(report.kernels), "kernel")
    modules = count(len(report.verdicts) // max(1, len(report.kernels)), "module")
    warnings = sum(len(verdict.of(Severity.WARNING)) for verdict in report.verdicts)
    yield f"{pairs} load", "red" if bad > len(excused) else "green"
    yield f" ({modules} on {kernels}), {count(warnings, 'warning')}", ""
    for excuse in dict.fromkeys(map(report.excuse, excused)):
        yield f", {count(sum(report.excuse(it) == excuse for it in excused), f'{excuse} failure')}", ""
