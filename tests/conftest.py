"""A missing oracle skips its tests and is listed at the end of the run.

``STRICT=1`` or ``--strict-lanes`` makes each skip a failure.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Generator
from typing import TypeVar

import pytest
from hypothesis import settings

from tests.oracles.debian import Unavailable

os.environ["PYMODUTILS_TRACEBACK"] = "1"  # an internal error must be seen, whatever a test looks at
settings.register_profile("house", deadline=None, derandomize=True, print_blob=False)
settings.load_profile("house")

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)
REFUSED = "skips are failures in this run: "
SKIPPED = pytest.StashKey[Counter[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--strict-lanes",
        action="store_true",
        default=os.environ.get("STRICT") == "1",
        help="a test that cannot run is a failure (also: STRICT=1)",
    )


def pytest_configure(config: pytest.Config) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it, and so
    # would the programs that tests interrupt
    config.stash[SKIPPED] = Counter()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.excinfo and isinstance(call.excinfo.value, Unavailable):
        path, line, _ = item.location
        report.outcome = "skipped"
        report.longrepr = (path, (line or 0) + 1, f"Skipped: {call.excinfo.value}")
    return _strict(item.config, report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    return _strict(collector.config, report)


def _strict(config: pytest.Config, report: Report) -> Report:
    if report.skipped and config.getoption("strict_lanes") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{REFUSED}{_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, object, object]:
    """Escape reports for xdist's main process, which aborts the run at a lone surrogate."""
    return _encodable((yield))


def _encodable(value: object) -> object:
    """``value`` with the lone surrogates in its strings escaped."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_encodable(key): _encodable(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_encodable, value))
    return value


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Record why tests were skipped: with xdist, only this process sees all of them."""
    stats = terminalreporter.stats
    refused = [report for kind in ("failed", "error") for report in stats.get(kind, ())]
    refused = [report for report in refused if str(report.longrepr).startswith(REFUSED)]
    for report in [*stats.get("skipped", ()), *refused]:
        config.stash[SKIPPED][_reason(report)] += 1


def pytest_unconfigure(config: pytest.Config) -> None:
    """List what did not run at the end of the output."""
    if hasattr(config, "workerinput") or not config.pluginmanager.hasplugin("terminalreporter"):
        return
    skipped = config.stash.get(SKIPPED, Counter[str]())
    out = config.get_terminal_writer()
    for reason, count in skipped.most_common():
        out.line(f"skipped lanes: {reason} ({count} test{'s' if count > 1 else ''})")
    if not skipped:
        out.line("lanes: all run")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return " ".join(reason.removeprefix("Skipped: ").removeprefix(REFUSED).split())
