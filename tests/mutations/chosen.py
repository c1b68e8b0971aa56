"""A pytest plugin: run the tests listed in a file, in its order, each within a limit of time and memory."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest

CHOSEN: Final = "MUTATIONS_CHOSEN"  # names the file, a test a line
RUNNING: Final = "MUTATIONS_RUNNING"  # names the file that gets the running test
SECONDS: Final = 60  # for a test that otherwise takes two: a mutant may never end
MEMORY: Final = 8 << 30  # bytes of addresses: a mutant may never stop to allocate


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the selected tests."""
    rank = {test: at for at, test in enumerate(Path(os.environ[CHOSEN]).read_text().split("\n"))}
    items[:] = sorted((item for item in items if item.nodeid in rank), key=lambda item: rank[item.nodeid])


def pytest_sessionstart() -> None:
    """Limit this process and its children."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Say which test runs; end this process by SIGALRM when it takes too long."""
    Path(os.environ[RUNNING]).write_text(item.nodeid)
    signal.alarm(SECONDS)
    result = yield
    signal.alarm(0)
    return result
