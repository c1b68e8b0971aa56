"""Results of a check: a verdict for each pair of module and kernel, with its findings."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pymodutils.checks.rules import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Collection

ASSUMED: Final = "init() is assumed to return 0: check --run runs it"
EXPECTED: Final = "expected"
IGNORED: Final = "ignored"


class Finding(NamedTuple):
    """One thing to know about a module and a kernel."""

    rule: Rule
    severity: Severity
    subject: str  # the symbol, parameter, file or name that it is about; may be empty
    message: str  # a sentence
    advice: str = ""  # what to do
    symbols: tuple[str, ...] = ()  # all that the message counts
    types: tuple[str, ...] = ()  # which C types are behind it, a sentence each

    @property
    def whole(self) -> str:
        """The message with the first of ``types``."""
        more = f", and {len(self.types) - 1} more differences" if self.types[1:] else ""
        return f"{self.message}; {self.types[0]}{more}" if self.types else self.message


class Verdict(NamedTuple):
    """Whether one module loads into one kernel, and why not."""

    module: str  # its name
    title: str  # the same, or the path where several modules of the check have that name
    path: str  # as it was given or found
    kernel: str  # the label of the kernel
    errno: int  # of the system call that loads it; 0 if it loads
    log: tuple[str, ...]  # what the kernel logs
    needed: tuple[str, ...]  # names of the modules loaded before it, in this order
    findings: tuple[Finding, ...]
    ran: bool = False  # whether init() ran, so that it is known what it returns

    @property
    def loads(self) -> bool:
        """Whether it loads."""
        return not self.errno

    @property
    def error(self) -> str:
        """The name of ``errno``: ENOEXEC; empty if it loads."""
        return errno.errorcode.get(self.errno, str(self.errno)) if self.errno else ""

    @property
    def refusal(self) -> str:
        """Why it does not load, in short: ENOEXEC: vermagic, crc; empty if it does."""
        rules = dict.fromkeys(finding.rule for finding in self.of(Severity.ERROR))
        return ": ".join(filter(None, [self.error, ", ".join(rules)]))

    @property
    def assumed(self) -> bool:
        """Whether it loads if init() returns 0, which is not known."""
        return self.loads and not self.ran

    def of(self, severity: Severity) -> list[Finding]:
        """The findings of one severity."""
        return [finding for finding in self.findings if finding.severity is severity]


class CheckedKernel(NamedTuple):
    """A kernel that modules were checked against."""

    label: str  # what verdicts call it
    release: str
    source: str  # as it was given
    arch: str
    exports: int  # how many symbols it has for modules
    assumed: tuple[str, ...]  # what no source tells and was assumed


class Report(NamedTuple):
    """The verdicts of all modules on all kernels, by module, then by kernel."""

    kernels: tuple[CheckedKernel, ...]
    verdicts: tuple[Verdict, ...]
    unread: tuple[str, ...] = ()  # why a file or package of the request has no verdict, a line each
    expected: frozenset[tuple[str, str]] = frozenset()  # (title, kernel) of known failures
    rules: frozenset[Rule] = frozenset(Rule)  # what findings are reported
    started: float = 0.0  # seconds since the epoch
    seconds: tuple[float, ...] = ()  # that each verdict took, in their order

    @property
    def ok(self) -> bool:
        """Whether every module loads into every kernel."""
        return all(verdict.loads for verdict in self.verdicts)

    @property
    def assumed(self) -> str:
        """What is assumed of init() of modules, "" if nothing is."""
        return ASSUMED if any(verdict.assumed for verdict in self.verdicts) else ""

    @property
    def failures(self) -> list[Verdict]:
        """The verdicts on what does not load."""
        return [verdict for verdict in self.verdicts if not verdict.loads]

    def excuse(self, verdict: Verdict) -> str:
        """EXPECTED for a known failure, IGNORED for one by rules that are not reported, else empty."""
        if (verdict.title, verdict.kernel) in self.expected:
            return EXPECTED
        return IGNORED if verdict.errno and not verdict.of(Severity.ERROR) else ""

    def expects(self, verdict: Verdict) -> bool:
        """Whether ``verdict`` is a failure that does not count."""
        return bool(self.excuse(verdict))

    def only(self, rules: Collection[Rule]) -> Report:
        """The same report with the findings of ``rules`` alone."""
        verdicts = tuple(
            it._replace(findings=tuple(finding for finding in it.findings if finding.rule in rules))
            for it in self.verdicts
        )
        return self._replace(verdicts=verdicts, rules=frozenset(rules))

    def verdict(self, module: str, kernel: str | None = None) -> Verdict:
        """That on ``module`` and the kernel labelled ``kernel`` (default: the first); raises KeyError."""
        label = self.kernels[0].label if kernel is None else kernel
        for verdict in self.verdicts:
            if (verdict.module, verdict.kernel) == (module, label):
                return verdict
        raise KeyError((module, label))

    def worst(self) -> Severity | None:
        """The severity of the worst finding, None if there is none."""
        found = {finding.severity for verdict in self.verdicts for finding in verdict.findings}
        return next((severity for severity in Severity if severity in found), None)


def bare(value: object) -> object:
    """``value`` without the subclass that marshal does not know."""
    return str(value) if isinstance(value, str) else value


def again(plain: Any) -> Verdict:
    """What a process passed on of a verdict, without subclasses."""
    found = tuple(Finding(Rule(rule), Severity(severity), *rest) for rule, severity, *rest in plain[-2])
    return Verdict._make((*plain[:-2], found, plain[-1]))
