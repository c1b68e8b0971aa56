"""What ``check`` prints: tables for people, documents for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from pymodutils import writer
from pymodutils.checks.context import count
from pymodutils.checks.formats.grouped import groups
from pymodutils.checks.kabi import KINDS
from pymodutils.checks.rules import Severity
from pymodutils.commands import output
from pymodutils.commands.getopt import raise_usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.checks.kabi import Broken, Comparison
    from pymodutils.checks.verdict import Finding, Report, Verdict

FORMS: Final = ("text", "json", "junit", "sarif", "github", "markdown", "html")
ROWS: Final = 40  # of the table of modules; beyond, what loads everywhere is only counted
NAMES: Final = 6  # of modules with one reason
INDENT: Final = 4  # columns before what is said of a module
STYLES: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}
TITLES: Final = {
    "gone": "no longer exported",
    "crc": "changed",
    "gpl-only": "now for GPL modules only",
    "namespace": "moved to another namespace",
    "appeared": "newly exported",
    "for-all": "no longer for GPL modules only",
}


def print_report(report: Report, form: str, path: str | None) -> None:
    """Print ``report`` in one of FORMS, or write it into the file ``path``."""
    if form == "text":
        with output.into(path):
            _print_text(report)
        return
    text = _rendered(report, form)
    write(path, text) if path else click.echo(text, nl=False)


def _rendered(report: Report, form: str) -> str:
    from importlib import import_module  # noqa: PLC0415 -- one of six is needed

    home = {"json": "document", "html": "page"}.get(form, form)
    module = import_module(f"pymodutils.checks.formats.{home}")
    if form in ("json", "sarif"):
        return f"{output.json_text(module.document(report))}\n"
    text: str = module.render(report)
    return text


def write(path: str, text: str) -> None:
    """The file ``path`` with ``text``; see writer.save."""
    writer.save(path, text.encode("utf-8", "surrogateescape"))


def _print_text(report: Report) -> None:
    width = len(report.kernels)
    rows = [report.verdicts[at : at + width] for at in range(0, len(report.verdicts), width)]
    shown = rows if len(rows) <= ROWS else [row for row in rows if not all(it.loads for it in row)][:ROWS]
    if shown:
        titles = ["MODULE", *(kernel.label for kernel in report.kernels)]
        output.as_styled([(title, "bold") for title in titles], (_row(report, row) for row in shown))
    if len(shown) < len(rows):
        rest = rows if not shown else [row for row in rows if row not in shown]
        how = "load everywhere" if all(it.loads for row in rest for it in row) else "are not listed"
        click.echo(f"{len(rest):,} {'more ' if shown else ''}modules {how}")
    for kernel in report.kernels:
        found = groups(report, kernel.label)
        if found:
            output.styled([("", ""), ("\n", ""), (kernel.label, "bold")])
        for group in found:
            _print_group(group.modules, group.first)
    for kernel in report.kernels:
        _print_assumed(kernel.label, kernel.assumed)
    output.styled([("\n", ""), *_summary(report)])


def _row(report: Report, row: Sequence[Verdict]) -> Iterator[tuple[str, str]]:
    yield row[0].title, ""
    for verdict in row:
        if report.expects(verdict):
            yield f"{verdict.refusal} (expected)", "dim"
        elif not verdict.loads:
            yield verdict.refusal, "red"
        else:
            warned = verdict.of(Severity.WARNING)
            yield ("loads, with warnings", "yellow") if warned else ("loads", "green")


def _print_group(modules: Sequence[str], first: Finding) -> None:
    more = f" and {len(modules) - NAMES:,} more" if modules[NAMES:] else ""
    output.styled([
        ("  ", ""),
        (first.rule, STYLES[first.severity]),
        (f"  {', '.join(modules[:NAMES])}{more}", "bold"),
    ])  # fmt: skip
    like = f"{modules[0]}: " if len(modules) > 1 else ""
    output.paragraph([(f"{like}{first.message}", "")], INDENT)
    if first.advice:
        output.paragraph([("to do: ", "green"), (first.advice, "")], INDENT)


def _print_assumed(label: str, assumed: Sequence[str]) -> None:
    """Print what no source of the kernel tells, so that a verdict depends on it."""
    if assumed:
        output.styled([("", ""), ("\n", ""), (label, "bold"), (", assumed", "")])
    for line in assumed:
        output.paragraph([(line, "")], INDENT)


def _summary(report: Report) -> Iterator[tuple[str, str]]:
    bad = len(report.failures)
    pairs = f"{len(report.verdicts) - bad:,} of {len(report.verdicts):,}"
    kernels = count(len(report.kernels), "kernel")
    modules = count(len(report.verdicts) // max(1, len(report.kernels)), "module")
    warnings = sum(len(verdict.of(Severity.WARNING)) for verdict in report.verdicts)
    yield f"{pairs} load", "red" if bad else "green"
    yield f" ({modules} on {kernels}), {count(warnings, 'warning')}", ""


def print_comparison(found: Comparison, form: str, path: str | None) -> None:
    """Print what changed between two kernels, as text or JSON."""
    if form not in ("text", "json"):
        raise_usage("check", f"--between prints text or json, not {form}")
    if form == "text":
        with output.into(path):
            _print_changes(found)
        return
    from pymodutils.checks.formats import document  # noqa: PLC0415 -- see above

    text = f"{output.json_text(document.comparison(found))}\n"
    write(path, text) if path else click.echo(text, nl=False)


def _print_changes(found: Comparison) -> None:
    output.styled([(f"{found.before.label} -> {found.after.label}", "bold")])
    rows = [
        (f"{len(found.of(kind)):,}", TITLES[kind], _some([it.symbol for it in found.of(kind)]))
        for kind in KINDS
    ]
    output.as_table(["COUNT", "EXPORTS", "SUCH AS"], rows, ["COUNT"])
    for it in found.broken[:ROWS]:
        _print_broken(it)
    if found.broken:
        output.paragraph([("to do: ", "green"), (_port(found), "")], 2)
    if found.modules:
        left = f", {len(found.broken) - ROWS:,} not listed" if found.broken[ROWS:] else ""
        text = f"{len(found.broken):,} of {count(found.modules, 'module')} broken{left}"
        output.styled([(text, "red" if found.broken else "green")])


def _print_broken(it: Broken) -> None:
    output.styled([("  broken: ", "red"), (it.module, "bold")])
    for kind in KINDS:
        names = [change.symbol for change in it.changes if change.kind == kind]
        if names:
            output.paragraph([(f"{len(names)} of its symbols {TITLES[kind]}: {_some(names)}", "")], INDENT)


def _port(found: Comparison) -> str:
    """What to do about broken modules: what only changed is found by the next build."""
    lost = {change.kind for it in found.broken for change in it.changes} - {"crc"}
    source = "change what uses symbols that can no longer be had, then " if lost else ""
    return f"{source}rebuild against the headers of {found.after.label}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMES]) + (", ..." if names[NAMES:] else "")
