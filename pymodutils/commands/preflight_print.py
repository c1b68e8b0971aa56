"""The output of ``preflight``: losses first, unchanged needs in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from pymodutils.checks.context import count
from pymodutils.checks.formats.grouped import groups
from pymodutils.checks.rule_type import Severity
from pymodutils.commands import check_print, output
from pymodutils.commands.check_print import print_report
from pymodutils.commands.check_text import INDENT, print_groups

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.preflight.result import Preflight

TITLES: Final = ("KERNEL", "BREAKS", "WARNINGS", "NOTES", "SAME", "MODULES", "MEMORY")
MIB: Final = 1 << 20
NAMES: Final = 8  # modules named in a line


def write(found: Preflight, format_: str, path: str | None, *, full: bool) -> None:
    """Print ``found`` in one of check's formats, or write it into the file ``path``; text in ``full``."""
    if format_ == "text":
        with output.into(path):
            _print(found, whole=full)
    elif format_ == "json":
        from pymodutils.preflight.document import document  # noqa: PLC0415 -- text does not need it

        text = f"{output.json_text(document(found))}\n"
        check_print.write(path, text) if path else click.echo(text, nl=False)
    elif format_ == "html":
        from pymodutils.preflight import page  # noqa: PLC0415 -- see above

        text = page.render(found)
        check_print.write(path, text) if path else click.echo(text, nl=False)
    else:
        print_report(found.report, format_, path, full=full)


def _print(found: Preflight, *, whole: bool) -> None:
    output.styled([(f"{found.machine}, from {found.old or 'an unknown kernel'}", "bold")])
    labels = [it.label for it in found.outlooks]
    output.as_styled([(title, "bold") for title in TITLES], (_row(found, label) for label in labels))
    for label in labels:
        output.styled([("", ""), ("\n", ""), (label, "bold")])
        print_groups(groups(found.report, label, whole=whole), whole=whole)
        for line in _rest(found, label):
            output.paragraph([(line, "dim")], INDENT // 2)


def _row(found: Preflight, label: str) -> Iterator[tuple[str, str]]:
    bad = found.severities(label)
    booted = found.outlook(label).booted
    yield label, ""
    for severity, style in zip(Severity, ("red", "yellow", ""), strict=True):
        yield f"{bad[severity]}", style if bad[severity] else "green"
    yield f"{len(found.same(label))}", ""
    yield f"{len(booted.rows)}" if not booted.failure else "-", ""
    yield f"{booted.memory / MIB:.1f} MiB" if not booted.failure else "-", ""


def _rest(found: Preflight, label: str) -> Iterator[str]:
    """Print what needs no action: unchanged needs, and differences in the loaded modules."""
    yield f"{count(len(found.same(label)), 'need')} met as before: devices, file systems, modules"
    fresh, gone = found.changed(label)
    if fresh:
        yield f"loads {len(fresh)} more: {_some(fresh)}"
    if gone:
        yield f"no longer loads {len(gone)}: {_some(gone)}"
    before = found.before
    booted = found.outlook(label).booted
    if before and not before.failure and not booted.failure:
        change = round((booted.memory - before.memory) / MIB, 1)
        total = f"{booted.memory / MIB:.1f}"
        if change:
            yield f"modules take {total} MiB of memory ({change:+.1f} MiB)"
        else:
            yield f"modules take {total} MiB of memory, as before"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMES} more" if names[NAMES:] else ""
    return ", ".join(names[:NAMES]) + more
