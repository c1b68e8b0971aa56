"""The result of a preflight."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pymodutils.checks.rule_type import Severity

if TYPE_CHECKING:
    from pymodutils.checks.verdict import Report, Verdict
    from pymodutils.preflight.boot import Booted


class Outlook(NamedTuple):
    """The results for one kernel: the modules that serve each need, and the modules after its boot."""

    label: str
    serving: dict[str, tuple[str, ...]]  # by title of the need
    booted: Booted


class Preflight(NamedTuple):
    """The verdicts as in check, with needs in place of modules, and the boots."""

    machine: str  # the profile's file, or this machine
    old: str  # label of the kernel compared with; empty if none
    before: Booted | None
    outlooks: tuple[Outlook, ...]
    report: Report

    def outlook(self, label: str) -> Outlook:
        """The results for the kernel ``label``."""
        return next(it for it in self.outlooks if it.label == label)

    def same(self, label: str) -> list[Verdict]:
        """The needs that are met as before under the kernel ``label``."""
        return [it for it in self.report.verdicts if it.kernel == label and not it.findings]

    def changed(self, label: str) -> tuple[list[str], list[str]]:
        """The modules loaded only by the boot of ``label``, and those loaded only by the old one."""
        if self.before is None or self.before.failure or self.outlook(label).booted.failure:
            return [], []
        ours = [row.name for row in self.outlook(label).booted.rows]
        theirs = [row.name for row in self.before.rows]
        return sorted({*ours} - {*theirs}), sorted({*theirs} - {*ours})

    def severities(self, label: str) -> dict[Severity, int]:
        """The number of needs by their highest severity."""
        found = dict.fromkeys(Severity, 0)
        for verdict in self.report.verdicts:
            worst = next((it for it in Severity if verdict.of(it)), None)
            if verdict.kernel == label and worst:
                found[worst] += 1
        return found
