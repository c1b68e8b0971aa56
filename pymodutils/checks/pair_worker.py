"""The work of one process of the check: modules on kernels, one pair after the other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from pymodutils.checks import run
from pymodutils.checks.context import Context
from pymodutils.checks.messages import errors
from pymodutils.checks.rule_type import Severity
from pymodutils.checks.rules import Rule
from pymodutils.checks.trial import Bench
from pymodutils.checks.verdict import Finding, Verdict, bare
from pymodutils.checks.warnings import warnings
from pymodutils.kernel.emulated.load.causes import Cause, CauseKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.checks.around import Around
    from pymodutils.checks.candidate import Candidate
    from pymodutils.checks.pool import Pool
    from pymodutils.checks.request import Request
    from pymodutils.checks.target import Target
    from pymodutils.checks.trial import Trial

DETAILED: Final = 20  # modules; with more, findings name no source lines


class PairWorker:
    """The work of one process, which keeps its last kernel booted."""

    def __init__(
        self,
        request: Request,
        targets: Sequence[Target],
        own: Pool,
        around: Sequence[Around],
        images: Sequence[run.BootableImage],
    ) -> None:
        self.request, self.targets, self.own, self.around = request, targets, own, around
        self.runners = [run.TrialRunner(image, request.params, request.cmdline) for image in images]
        self.trees = [it.tree for it in around]
        self.titles = own.titles()
        self._benches: dict[int, Bench] = {}

    def pairs(self) -> list[tuple[int, int]]:
        """All pairs of module and kernel, ordered so that neighbours share dependencies."""
        everything = range(len(self.own.modules))
        found = []
        for number, around in enumerate(self.around):
            needed = [[it.name for it in around.providers.needed(module)] for module in self.own.modules]
            found += [(at, number) for at in sorted(everything, key=needed.__getitem__)]
        return found

    def plain(self, pair: tuple[int, int]) -> tuple[float, tuple[Any, ...]]:
        """The seconds that the verdict on a pair took, and the verdict as plain values."""
        start = time.monotonic()
        verdict = self._verdict(self.own.modules[pair[0]], pair[1])
        findings = tuple(tuple(map(bare, finding)) for finding in verdict.findings)
        return time.monotonic() - start, (*verdict[:-2], findings, verdict.ran)

    def _verdict(self, module: Candidate, number: int) -> Verdict:
        target, needed = self.targets[number], self.around[number].providers.needed(module)
        trial = self._trial(module, number, needed)
        if trial.foreign:
            needed = []
        context = self._context(module, number, trial)
        findings = [*_refusals(context, trial.causes), *warnings(context)]
        ran = run.NOT
        if self.runners and not trial.errno:
            ran = self.runners[number].run(module, needed)
        return Verdict(
            module.name,
            self.titles[module.path],
            module.shown,
            target.label,
            trial.errno,
            trial.log,
            tuple(it.name for it in needed),
            (*findings, *ran.findings),
            ran.ran,
        )

    def _trial(self, module: Candidate, number: int, needed: Sequence[Candidate]) -> Trial:
        """The findings on ``module``; if it is for another machine, that is the only one."""
        kernel = self.targets[number].kernel
        if number not in self._benches:
            self._benches = {number: Bench(kernel, self.request.params, self.request.cmdline)}
        trial = self._benches[number].attempt(module, needed)
        if trial.errno and module.machine not in (0, kernel.machine):  # the signature may be refused first
            trial = trial._replace(causes=(*trial.causes, Cause(CauseKind.MACHINE, str(module.machine))))
        return trial._replace(stopped="") if trial.foreign else trial

    def _context(self, module: Candidate, number: int, trial: Trial) -> Context:
        around = self.around[number]
        return Context(
            module=module,
            target=self.targets[number],
            targets=self.targets,
            trees=self.trees,
            providers=around.providers,
            tree=around.tree,
            builtins=around.builtins,
            trial=trial,
            expects=module.expects if trial.errno and not trial.foreign else {},
            firmware=self.request.firmware,
            detailed=len(self.own.modules) <= DETAILED,
        )


def _refusals(context: Context, causes: Sequence[Cause]) -> list[Finding]:
    found = list(errors(context, causes)) if context.trial.errno else []
    if context.trial.stopped:
        name, log = context.trial.stopped, context.trial.stopped_log
        text = f"it depends on {name}, which this kernel refuses{f': {log[-1]}' if log else ''}"
        severity = Severity.ERROR if context.trial.errno else Severity.WARNING
        text += "" if context.trial.errno else "; it loads without it, because it imports only weak symbols"
        found.append(Finding(Rule.NEEDS, severity, name, text, f"fix {name} first"))
    if context.trial.errno and not found:
        found += errors(context, [Cause(CauseKind.OTHER)])
    return found
