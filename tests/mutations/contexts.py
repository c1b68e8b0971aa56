"""A pytest plugin that tells coverage which test runs, subprocesses included."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest
from coverage import Coverage

RESULT: Final = "MUTATIONS_RESULT"  # names the file that gets the seconds and the failures
PROCESSES: Final = "COVERAGE_PROCESS_CONFIG"  # from which coverage in another process learns its settings

seconds: defaultdict[str, float] = defaultdict(float)
failing: set[str] = set()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Set the test as the context of coverage."""
    coverage = Coverage.current()
    if coverage:
        coverage.switch_context(item.nodeid)
        coverage.set_option("run:context", item.nodeid)
        os.environ[PROCESSES] = coverage.config.serialize()
    return (yield)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up the time of each test, and record failures."""
    seconds[report.nodeid] += report.duration
    if report.failed:
        failing.add(report.nodeid)


def pytest_sessionfinish() -> None:
    """Write the result."""
    Path(os.environ[RESULT]).write_text(json.dumps([seconds, sorted(failing)]))
