"""Fixtures for pytest: a fresh kernel and module for each test; see docs/testing-modules.md."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pymodutils.errors import ModutilsError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from pymodutils.kernel.booted.live import LiveKernel
    from pymodutils.kernel.booted.module import LiveModule
    from pymodutils.kernel.booted.watched import Moment

MARKER = "module(path, **parameters): the module file that the fixture 'module' loads, and its parameters"


class Zygote(NamedTuple):
    """The kernel of all tests, and the snapshots that tests start from."""

    kernel: LiveKernel
    loaded: dict[Any, Moment]  # module file with its mtime, and parameters -> snapshot with it loaded


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the command line options and the configuration settings."""
    group = parser.getgroup("pymodutils", "kernel modules (pymodutils)")
    group.addoption("--module-coverage", metavar="FILE", help="write which lines of modules ran, for lcov")
    group.addoption("--kernel-image", metavar="FILE", help="kernel that the fixture 'kernel' runs")
    parser.addini("kernel_image", "kernel that the fixture 'kernel' runs; see LiveKernel.boot", default="")
    text = "whether memory of kmalloc() is checked in every test: bounds, use after free, leaks"
    parser.addini("kernel_checks", text, type="bool", default=False)
    parser.addini(
        "kernel_module", "module file of the fixture 'module', where no marker names one", default=""
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture(scope="session")
def _zygote(request: pytest.FixtureRequest) -> Iterator[Zygote]:
    from pymodutils import writer  # noqa: PLC0415 -- only where there are such tests
    from pymodutils.kernel.booted.coverage import Coverage  # noqa: PLC0415 -- takes unicorn
    from pymodutils.kernel.booted.live import LiveKernel  # noqa: PLC0415 -- the same

    said = request.config.getoption("kernel_image")
    configured = str(request.config.getini("kernel_image"))
    if not said and configured:
        said = os.path.join(request.config.rootpath, configured)
    with LiveKernel.boot(said or "") as kernel:
        if request.config.getini("kernel_checks"):
            kernel.check()
        path = request.config.getoption("module_coverage")
        if path:
            kernel.cover(Coverage())
        yield Zygote(kernel, {})
        if kernel.coverage:
            kernel.coverage.harvest(kernel)
            worker = getattr(request.config, "workerinput", {}).get("workerid", "")  # of pytest-xdist
            writer.save(f"{path}.{worker}" if worker else path, kernel.coverage.lcov().encode())


@pytest.fixture
def kernel(_zygote: Zygote) -> Iterator[LiveKernel]:
    """A freshly booted ``pymodutils.LiveKernel``, checked with ``kernel_checks``."""
    _zygote.kernel.reset()
    yield _zygote.kernel
    if _zygote.kernel.checks and not _zygote.kernel.guest.machine.spoiled:
        _zygote.kernel.unload()
        _zygote.kernel.checks.verify()


@pytest.fixture
def module(request: pytest.FixtureRequest, _zygote: Zygote, kernel: LiveKernel) -> LiveModule:
    """The module of the marker ``module`` or the option ``kernel_module``, freshly loaded."""
    path, params = _wanted(request)
    key = path, os.stat(path).st_mtime_ns if os.path.exists(path) else 0, repr(sorted(params.items()))
    if key in _zygote.loaded:
        kernel.restore(_zygote.loaded[key])
    else:
        kernel.load(path, **params)
        _zygote.loaded[key] = kernel.moment()
    return next(reversed(kernel.modules.values()))


def _wanted(request: pytest.FixtureRequest) -> tuple[str, dict[str, object]]:
    """The path and parameters of the module of a test."""
    marker = request.node.get_closest_marker("module")
    if marker is not None and len(marker.args) == 1:
        return os.path.join(request.path.parent, marker.args[0]), dict(marker.kwargs)
    configured = str(request.config.getini("kernel_module"))
    if not configured or (marker is not None and marker.args):
        raise pytest.UsageError(
            "the fixture 'module' takes @pytest.mark.module('x.ko', PARAMETER=VALUE), or kernel_module = x.ko"
        )
    return os.path.join(request.config.rootpath, configured), dict(marker.kwargs) if marker else {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the kernel log to the report of a failed test."""
    report = yield
    found = getattr(item, "funcargs", {}).get("kernel")
    if found is not None and call.excinfo is not None and report.failed and hasattr(found, "transcript"):
        try:
            lines = [] if found.closed else found.transcript()
        except ModutilsError as error:
            lines = [f"({error})"]
        report.sections.append(("kernel log", "\n".join(lines)))
    return report
