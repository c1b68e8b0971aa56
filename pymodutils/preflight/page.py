"""A preflight as one self-contained HTML page: what breaks, and why."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from pymodutils.checks.formats import template
from pymodutils.checks.formats.grouped import groups
from pymodutils.checks.rule_type import Severity
from pymodutils.version import __version__

if TYPE_CHECKING:
    from pymodutils.checks.formats.grouped import ModuleGroup
    from pymodutils.preflight.boot import Booted
    from pymodutils.preflight.result import Outlook, Preflight

PAGE: Final = "page.html"
SEVERITIES: Final = tuple(Severity)


def render(found: Preflight) -> str:
    """The page."""
    return template.filled(__package__, PAGE, _data(found))


def _data(found: Preflight) -> dict[str, Any]:
    return {
        "made": f"pymodutils {__version__}",
        "machine": os.path.basename(found.machine),
        "old": found.old,
        "before": _boot(found.before) if found.before else None,
        "severities": [severity.value for severity in SEVERITIES],
        "kernels": [_kernel(found, it) for it in found.outlooks],
    }


def _kernel(found: Preflight, outlook: Outlook) -> dict[str, Any]:
    label, booted = outlook.label, outlook.booted
    fresh, gone = found.changed(label)
    return {
        "label": label,
        "counts": list(found.severities(label).values()),
        "reasons": [_reason(found, label, it) for it in groups(found.report, label, whole=False)],
        "same": [it.title for it in found.same(label)],
        "boot": _boot(booted),
        "failure": booted.failure,
        "fresh": fresh,
        "gone": gone,
    }


def _reason(found: Preflight, label: str, group: ModuleGroup) -> dict[str, Any]:
    """A finding with its needs, and the log messages about the first of them."""
    it = group.first
    first = next(
        each for each in found.report.verdicts if (each.title, each.kernel) == (group.modules[0], label)
    )
    return {
        "finding": [it.rule, SEVERITIES.index(it.severity), it.message, it.advice, it.types],
        "severity": SEVERITIES.index(it.severity),
        "titles": group.modules,
        "module": first.module,
        "log": first.log if it.severity is Severity.ERROR else [],
    }


def _boot(booted: Booted) -> dict[str, Any] | None:
    """The modules with their holders; None if nothing was loaded."""
    if booted.failure:
        return None
    return {"memory": booted.memory, "modules": [[row.name, row.holders] for row in booted.rows]}
