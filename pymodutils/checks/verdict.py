"""Results of a check: a verdict for each pair of module and kernel, with its findings."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pymodutils.checks.rule_type import Severity
from pymodutils.checks.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Collection

ASSUMED: Final = "init() is assumed to return 0: check --run runs it"
NOT_RUN: Final = "not run: "  # the start of a finding that says why
SHOWN: Final = 3  # modules named in a sentence
EXPECTED: Final = "expected"
IGNORED: Final = "ignored"


class Finding(NamedTuple):
    """A statement about one module on one kernel."""

    rule: Rule
    severity: Severity
    subject: str  # the symbol, parameter, file or name concerned; may be empty
    message: str  # a sentence
    advice: str = ""  # what to do
    symbols: tuple[str, ...] = ()  # all symbols that the message counts
    types: tuple[str, ...] = ()  # which C types cause it, a sentence each
    source: str = ""  # PATH:LINE of the first place in the source, if debug information has it

    @property
    def whole(self) -> str:
        """The message with the first of ``types``."""
        more = f", and {len(self.types) - 1} more differences" if self.types[1:] else ""
        return f"{self.message}; {self.types[0]}{more}" if self.types else self.message


class Verdict(NamedTuple):
    """Whether one module loads into one kernel, and why not."""

    module: str  # its name
    title: str  # its name, or its path if several modules of the check have that name
    path: str  # as given or found
    kernel: str  # the label of the kernel
    errno: int  # of the system call that loads it; 0 if it loads
    log: tuple[str, ...]  # kernel log lines
    needed: tuple[str, ...]  # names of the modules loaded before it, in order
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

    label: str  # its name in verdicts
    release: str
    source: str  # as it was given
    arch: str
    exports: int  # number of exported symbols
    assumed: tuple[str, ...]  # properties that no source provides


class Report(NamedTuple):
    """The verdicts of all modules on all kernels, by module, then by kernel."""

    kernels: tuple[CheckedKernel, ...]
    verdicts: tuple[Verdict, ...]
    unread: tuple[str, ...] = ()  # why a file or package has no verdict, one line each
    expected: frozenset[tuple[str, str]] = frozenset()  # (title, kernel) of known failures
    rules: frozenset[Rule] = frozenset(Rule)  # the rules that are reported
    started: float = 0.0  # seconds since the epoch
    seconds: tuple[float, ...] = ()  # for each verdict, in order
    command: str = "check"  # of pymodutils, which reports it
    ran: bool = False  # whether init() was to run, which fails for some

    @property
    def ok(self) -> bool:
        """Whether every module loads into every kernel."""
        return all(verdict.loads for verdict in self.verdicts)

    @property
    def passing(self) -> str:
        """The word for a verdict without an error: of a module, or of a need in a preflight."""
        return "loads" if self.command == "check" else "met"

    @property
    def tally(self) -> str:
        """The number of verdicts without an error."""
        what = "load" if self.command == "check" else "needs are met"
        return f"{len(self.verdicts) - len(self.failures):,} of {len(self.verdicts):,} {what}"

    @property
    def assumed(self) -> str:
        """What is assumed of init() of modules, and with --run why; "" if nothing is."""
        these = [verdict for verdict in self.verdicts if verdict.assumed]
        if not these or not self.ran:
            return ASSUMED if these else ""
        names = list(dict.fromkeys(verdict.title for verdict in these))
        more = f" and {len(names) - SHOWN:,} more" if names[SHOWN:] else ""
        text = f"init() of {', '.join(names[:SHOWN])}{more} was not run, and is assumed to return 0"
        told = (it.message for verdict in these for it in verdict.findings if it.rule is Rule.RUN)
        whys = dict.fromkeys(it.removeprefix(NOT_RUN) for it in told if it.startswith(NOT_RUN))
        return ": ".join([text, *whys]) if len(whys) == 1 else f"{text}: see the findings of rule run"

    @property
    def failures(self) -> list[Verdict]:
        """The verdicts on modules that do not load."""
        return [verdict for verdict in self.verdicts if not verdict.loads]

    def excuse(self, verdict: Verdict) -> str:
        """EXPECTED for a known failure, IGNORED for one by unreported rules only, else empty."""
        if (verdict.title, verdict.kernel) in self.expected:
            return EXPECTED
        return IGNORED if verdict.errno and not verdict.of(Severity.ERROR) else ""

    def expects(self, verdict: Verdict) -> bool:
        """Whether ``verdict`` is a failure that is excused."""
        return bool(self.excuse(verdict))

    def only(self, rules: Collection[Rule]) -> Report:
        """The report with only the findings of ``rules``."""
        verdicts = tuple(
            it._replace(findings=tuple(finding for finding in it.findings if finding.rule in rules))
            for it in self.verdicts
        )
        return self._replace(verdicts=verdicts, rules=frozenset(rules))

    def verdict(self, module: str, kernel: str | None = None) -> Verdict:
        """The verdict on ``module`` and ``kernel``, a label (default: the first kernel); raises KeyError."""
        label = self.kernels[0].label if kernel is None else kernel
        for verdict in self.verdicts:
            if (verdict.module, verdict.kernel) == (module, label):
                return verdict
        raise KeyError((module, label))

    def worst(self) -> Severity | None:
        """The highest severity of all findings; None if there are none."""
        found = {finding.severity for verdict in self.verdicts for finding in verdict.findings}
        return next((severity for severity in Severity if severity in found), None)


def bare(value: object) -> object:
    """``value`` without the subclass that marshal does not know."""
    return str(value) if isinstance(value, str) else value


def again(plain: Any) -> Verdict:
    """The Verdict of which ``plain`` has the values, as passed between processes."""
    found = tuple(Finding(Rule(rule), Severity(severity), *rest) for rule, severity, *rest in plain[-2])
    return Verdict._make((*plain[:-2], found, plain[-1]))
