"""What a preflight gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pymodutils.checks.rules import Severity

if TYPE_CHECKING:
    from pymodutils.checks.verdict import Report, Verdict
    from pymodutils.preflight.boot import Booted


class Outlook(NamedTuple):
    """One kernel: which module serves each need, and the modules after its boot."""

    label: str
    serving: dict[str, tuple[str, ...]]  # by the titles of needs
    booted: Booted


class Preflight(NamedTuple):
    """The verdicts as check gives them, a need in the place of a module; and the boots."""

    machine: str  # whose profile it is: a file, or this machine
    old: str  # the label of the kernel that was compared with; empty without one
    before: Booted | None
    outlooks: tuple[Outlook, ...]
    report: Report

    def outlook(self, label: str) -> Outlook:
        """That of the kernel ``label``."""
        return next(it for it in self.outlooks if it.label == label)

    def same(self, label: str) -> list[Verdict]:
        """What stays as it is under the kernel ``label``."""
        return [it for it in self.report.verdicts if it.kernel == label and not it.findings]

    def changed(self, label: str) -> tuple[list[str], list[str]]:
        """The modules that the boot of ``label`` loads and the old one does not, and the other way round."""
        if self.before is None or self.before.failure or self.outlook(label).booted.failure:
            return [], []
        ours = [row.name for row in self.outlook(label).booted.rows]
        theirs = [row.name for row in self.before.rows]
        return sorted({*ours} - {*theirs}), sorted({*theirs} - {*ours})

    def severities(self, label: str) -> dict[Severity, int]:
        """How many needs have a finding of each severity, its worst one."""
        found = dict.fromkeys(Severity, 0)
        for verdict in self.report.verdicts:
            worst = next((it for it in Severity if verdict.of(it)), None)
            if verdict.kernel == label and worst:
                found[worst] += 1
        return found
