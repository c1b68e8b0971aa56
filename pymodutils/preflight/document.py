"""A preflight as one JSON document; docs/preflight.schema.json describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pymodutils.checks.formats import document as checks

if TYPE_CHECKING:
    from pymodutils.preflight.boot import Booted
    from pymodutils.preflight.result import Preflight

FORMAT: Final = "pymodutils preflight"
VERSION: Final = 1


def document(found: Preflight) -> dict[str, Any]:
    """``found`` as JSON values."""
    report = checks.document(found.report)
    return {
        "format": FORMAT,
        "version": VERSION,
        "machine": found.machine,
        "old": found.old or None,
        "summary": report["summary"],
        "kernels": report["kernels"],
        "needs": [
            {"need": verdict.title, **row, "serving": list(_serving(found, verdict.kernel, verdict.title))}
            for verdict, row in zip(found.report.verdicts, report["verdicts"], strict=True)
        ],
        "before": _boot(found.before) if found.before else None,
        "boots": {it.label: _boot(it.booted) for it in found.outlooks},
    }


def _serving(found: Preflight, label: str, title: str) -> tuple[str, ...]:
    return found.outlook(label).serving.get(title, ())


def _boot(booted: Booted) -> dict[str, Any]:
    """The modules as in /proc/modules."""
    return {
        "failure": booted.failure or None,
        "memory": booted.memory,
        "modules": [{**row._asdict(), "holders": list(row.holders)} for row in booted.rows],
        "refused": [{"module": it.module, "error": it.error, "log": list(it.log)} for it in booted.refused],
    }
