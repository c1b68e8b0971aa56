"""For pytest: a fresh kernel and module for each test, and KUnit cases; see docs/testing-modules.md."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pymodutils.errors import ModutilsError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from pluggy import Result

    from pymodutils.kernel.booted.kunit import Case
    from pymodutils.kernel.booted.live import LiveKernel
    from pymodutils.kernel.booted.module import LiveModule
    from pymodutils.kernel.booted.watched import Moment

KUNIT_SECONDS = 60.0  # of CPU time for the suites of one module
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
    parser.addini(
        "kunit_modules", "patterns of module files whose KUnit cases are tests", type="args", default=[]
    )
    parser.addini("kernel_image", "kernel that the fixture 'kernel' runs; see LiveKernel.boot", default="")
    text = "whether memory of kmalloc() is checked in every test: bounds, use after free, leaks"
    parser.addini("kernel_checks", text, type="bool", default=False)
    parser.addini(
        "kernel_module", "module file of the fixture 'module', where no marker names one", default=""
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", MARKER)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> KunitFile | None:
    """Take a module file of the command line, or that ``kunit_modules`` names, for a file of KUnit cases."""
    if file_path.suffix != ".ko":
        return None
    config = parent.config
    given = any(config.invocation_params.dir / word.partition("::")[0] == file_path for word in config.args)
    patterns = config.getini("kunit_modules")
    return (
        KunitFile.from_parent(parent, path=file_path)
        if given or any(map(file_path.match, patterns))
        else None
    )


class KunitFile(pytest.File):
    """A module with KUnit suites, which run when it is collected."""

    def collect(self) -> Iterator[pytest.Item]:
        """A test for each case; one for the module if its suites ended early."""
        from pymodutils.kernel.booted import kunit  # noqa: PLC0415 -- only where there are such files
        from pymodutils.kernel.booted.live import LiveKernel  # noqa: PLC0415 -- takes unicorn

        try:
            with LiveKernel.boot(_image(self.config)) as kernel:
                ran = kunit.run(kernel, str(self.path), KUNIT_SECONDS)
        except ModutilsError as error:
            raise self.CollectError(str(error)) from None
        for case in ran.cases:
            yield KunitItem.from_parent(self, name=f"{case.suite}::{case.name}", case=case)
        if ran.ended or not ran.cases:
            ended = kunit.Case(ran.module, "", kunit.LOST, (ran.ended or "no case ran", *ran.log))
            yield KunitItem.from_parent(self, name=ran.module, case=ended)


class KunitItem(pytest.Item):
    """One KUnit case, which has run."""

    def __init__(self, *, case: Case, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.case = case

    def runtest(self) -> None:
        """Say how it ended."""
        lines = "\n".join(self.case.lines)
        if self.case.outcome == "skipped":
            pytest.skip(lines or "skipped by the case itself")
        if self.case.outcome != "ok":
            pytest.fail(lines or self.case.outcome, pytrace=False)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it stands, for the report."""
        return self.path, None, self.name


@pytest.fixture(scope="session")
def _zygote(request: pytest.FixtureRequest) -> Iterator[Zygote]:
    from pymodutils import writer  # noqa: PLC0415 -- only where there are such tests
    from pymodutils.kernel.booted.coverage import Coverage  # noqa: PLC0415 -- takes unicorn
    from pymodutils.kernel.booted.live import LiveKernel  # noqa: PLC0415 -- the same

    with LiveKernel.boot(_image(request.config)) as kernel:
        if request.config.getini("kernel_checks") and kernel.guest.machine.arch.checked:
            kernel.check()
        path = request.config.getoption("module_coverage")
        if path:
            kernel.cover(Coverage())
        yield Zygote(kernel, {})
        if kernel.coverage:
            kernel.coverage.harvest(kernel)
            worker = getattr(request.config, "workerinput", {}).get("workerid", "")  # of pytest-xdist
            writer.save(f"{path}.{worker}" if worker else path, kernel.coverage.lcov().encode())


def _image(config: pytest.Config) -> str:
    """The file of the kernel, "" for the default."""
    image, configured = config.getoption("kernel_image"), str(config.getini("kernel_image"))
    if not image and configured:
        image = os.path.join(config.rootpath, configured)
    return image or ""


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


@pytest.hookimpl(hookwrapper=True)  # the way that pytest 7 of Debian 12 knows, too
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Result[pytest.TestReport], None]:
    """Add the kernel log to the report of a failed test."""
    report = (yield).get_result()
    found = getattr(item, "funcargs", {}).get("kernel")
    if found is not None and call.excinfo is not None and report.failed and hasattr(found, "transcript"):
        try:
            lines = [] if found.closed else found.transcript()
        except ModutilsError as error:
            lines = [f"({error})"]
        report.sections.append(("kernel log", "\n".join(lines)))
