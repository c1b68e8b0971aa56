"""The output of ``check``: a report in each format, and the comparison of two kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from pymodutils import writer
from pymodutils.checks.context import count
from pymodutils.checks.kabi import KINDS
from pymodutils.checks.kabi_reason import differences
from pymodutils.commands import check_text, output
from pymodutils.commands.getopt import raise_usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.checks.kabi import Broken, Comparison
    from pymodutils.checks.verdict import Report

FORMATS: Final = ("text", "json", "junit", "sarif", "github", "markdown", "html")
NAMES: Final = 6  # symbols, when folded
TITLES: Final = {
    "gone": "no longer exported",
    "crc": "changed",
    "gpl-only": "now GPL-only",
    "namespace": "moved to another namespace",
    "appeared": "newly exported",
    "for-all": "no longer GPL-only",
}


def print_report(report: Report, format_: str, path: str | None, *, full: bool) -> None:
    """Print ``report`` in one of FORMATS, or write it to the file ``path``.

    Text is folded only on a terminal, and not if ``full``.
    """
    if format_ == "text":
        with output.into(path):
            check_text.print_text(report, whole=full or not output.folds())
        return
    text = _rendered(report, format_)
    write(path, text) if path else click.echo(text, nl=False)


def _rendered(report: Report, format_: str) -> str:
    from importlib import import_module  # noqa: PLC0415 -- only one of six is needed

    home = {"json": "document", "html": "page"}.get(format_, format_)
    module = import_module(f"pymodutils.checks.formats.{home}")
    if format_ in ("json", "sarif"):
        return f"{output.json_text(module.document(report))}\n"
    text: str = module.render(report)
    return text


def write(path: str, text: str) -> None:
    """Write ``text`` to the file ``path``; see writer.save."""
    writer.save(path, text.encode("utf-8", "surrogateescape"))


def print_comparison(found: Comparison, format_: str, path: str | None, *, full: bool) -> None:
    """Print the changes between two kernels as text or JSON, folded as in ``print_report``."""
    if format_ not in ("text", "json"):
        raise_usage("check", f"--between prints text or json, not {format_}")
    if format_ == "text":
        with output.into(path):
            _print_changes(found, whole=full or not output.folds())
        return
    from pymodutils.checks.formats import document  # noqa: PLC0415 -- see above

    text = f"{output.json_text(document.comparison(found))}\n"
    write(path, text) if path else click.echo(text, nl=False)


def _print_changes(found: Comparison, *, whole: bool) -> None:
    output.styled([(f"{found.before.label} -> {found.after.label}", "bold")])
    rows = [
        (f"{len(found.of(kind)):,}", TITLES[kind], _some([it.symbol for it in found.of(kind)], whole=whole))
        for kind in KINDS
    ]
    output.as_table(["COUNT", "EXPORTS", "SYMBOLS" if whole else "SUCH AS"], rows, ["COUNT"])
    _print_reasons(found, whole=whole)
    shown = found.broken if whole else found.broken[: check_text.ROWS]
    for it in shown:
        _print_broken(it, whole=whole)
    if found.rebuild:
        output.paragraph([("  rebuild every module: ", "red"), (found.rebuild, "")], 0)
    if found.broken:
        output.paragraph([("to do: ", "green"), (_port(found), "")], 2)
    if found.modules and not found.rebuild:
        rest = len(found.broken) - len(shown)
        left = f", {rest:,} not listed (--full lists them)" if rest else ""
        text = f"{len(found.broken):,} of {count(found.modules, 'module')} broken{left}"
        output.styled([(text, "red" if found.broken else "green")])


def _print_reasons(found: Comparison, *, whole: bool) -> None:
    """Print the types that changed CRCs, those of the most symbols first."""
    if found.unexplained:
        output.paragraph([(found.unexplained, "dim")], 2)
    found_types = differences(found.reasons)
    for it in found_types if whole else found_types[:NAMES]:
        output.styled([("  ", ""), (it.said, "bold")])
        output.paragraph([(it.ways, "")], check_text.INDENT)
    if found_types[NAMES:] and not whole:
        rest = count(len(found_types) - NAMES, "more difference")
        output.paragraph([(f"{rest} (--full lists them)", "")], 2)


def _print_broken(it: Broken, *, whole: bool) -> None:
    output.styled([("  broken: ", "red"), (it.module, "bold")])
    for kind in KINDS:
        names = [change.symbol for change in it.changes if change.kind == kind]
        if names:
            text = f"{count(len(names), 'symbol')} {TITLES[kind]}: {_some(names, whole=whole)}"
            output.paragraph([(text, "")], check_text.INDENT)


def _port(found: Comparison) -> str:
    """Advice for broken modules: a rebuild suffices for symbols that only changed."""
    lost = {change.kind for it in found.broken for change in it.changes} - {"crc"}
    source = "port the code that uses symbols no longer available, then " if lost else ""
    return f"{source}rebuild against the headers of {found.after.label}"


def _some(names: Sequence[str], *, whole: bool) -> str:
    if whole:
        return ", ".join(names)
    return ", ".join(names[:NAMES]) + (", ..." if names[NAMES:] else "")
