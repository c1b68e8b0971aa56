"""Run KUnit suites of a module in a kernel built without KUnit; Documentation/dev-tools/ktap.rst."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils import names
from pymodutils.errors import ModutilsError, Refused, Unanswered
from pymodutils.kernel.booted import ends, files
from pymodutils.machine.results import Returned

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.kernel.booted.live import LiveKernel
    from pymodutils.kernel.booted.module import LiveModule

SUITES: Final = ".kunit_test_suites"  # the section with an array of pointers to struct kunit_suite
KUNIT: Final = "kunit"
RUN: Final = "__kunit_test_suites_init"
FREES_INIT: Final = "do_free_init"  # the state before init memory is freed: cases may be __init
POINTER: Final = 8
PATIENCE: Final = 900  # seconds of machine time: KUnit waits 300 s for a crashed case
OK, FAILED, SKIPPED, LOST = "ok", "not ok", "skipped", "lost"
RESULT: Final = re.compile(r"( *)(ok|not ok) \d+(?: -)? ([^#]*?)(?: *# *(.*))?$")
SUBTEST: Final = re.compile(r"    # Subtest: (.+)")
PLAN: Final = re.compile(r"    1\.\.(\d+)$")
CASE_DEPTH: Final = 4  # indentation of the result of a case; parameters of a case have more
NOISE: Final = re.compile(r"loading out-of-tree module|module verification failed|taints? kernel")


class Case(NamedTuple):
    """A test case; ``lines`` were logged while it ran."""

    suite: str
    name: str
    outcome: str  # OK, FAILED, SKIPPED or LOST
    lines: tuple[str, ...]


class KunitResult(NamedTuple):
    """The results of the suites of a module: the log, the cases, and why they ended early, if so."""

    module: str
    suites: int
    log: tuple[str, ...]
    cases: tuple[Case, ...]
    ended: str = ""

    @property
    def ok(self) -> bool:
        """Whether cases ran, and none failed."""
        return bool(self.cases) and not self.ended and all(it.outcome in {OK, SKIPPED} for it in self.cases)


def run(kernel: LiveKernel, path: str, seconds: float) -> KunitResult:
    """Run the suites of the module file ``path``, in at most ``seconds`` of CPU time.

    kunit.ko is loaded from the same directory. Raises ModutilsError if there are no suites.
    """
    kernel.reset()
    kernel.guest.machine.limit(seconds)
    kernel.guest.patience = PATIENCE
    cpu, frees = kernel.guest.machine.cpu, kernel.guest.lookup(FREES_INIT)
    hook = cpu.watch(frees, lambda: cpu.leave(0)) if frees else None
    try:
        return _run(kernel, path)
    finally:
        if hook is not None:
            cpu.unwatch(hook)


def _run(kernel: LiveKernel, path: str) -> KunitResult:
    try:
        module = _loaded(kernel, path)
    except Refused as refused:
        return KunitResult(files.name(path), 0, tuple(kernel.messages()), (), str(refused))
    count = module.file.sizes.get(module.file.sections.get(SUITES, -1), 0) // POINTER
    if not count:
        raise ModutilsError(path, f"{path} has no KUnit suites: the section {SUITES} is absent or empty")
    ended = ""
    if not any(SUBTEST.match(line) for line in kernel.messages()):  # a kernel with KUnit has already run them
        ended = _call(kernel, module.section(SUITES), count)
    try:
        lines = [line for line in kernel.messages() if not NOISE.search(line)]
    except ModutilsError:
        lines = []
    return KunitResult(module.name, count, tuple(lines), tuple(cases(lines)), ended)


def _loaded(kernel: LiveKernel, path: str) -> LiveModule:
    """Load kunit.ko, unless the kernel has KUnit, then ``path``."""
    if not kernel.guest.lookup(RUN):
        beside = (os.path.join(os.path.dirname(path), f"{KUNIT}{end}") for end in names.EXTENSIONS)
        found = next(filter(os.path.exists, beside), None)
        if found is None:
            advice = "put kunit.ko next to the module (docs/testing-modules.md)"
            raise ModutilsError(KUNIT, f"this kernel has no KUnit: {advice}")
        kernel.load(found, enable=True)
    return kernel.load(path)


def _call(kernel: LiveKernel, start: int, count: int) -> str:
    try:
        result = kernel.guest.run(kernel.guest.lookup(RUN), start, count)
    except Unanswered as end:
        return str(end)
    if isinstance(result, Returned):
        return f"{RUN}() returned {result.int32}" if result.int32 else ""
    return str(ends.error(RUN, result))


def cases(lines: Sequence[str]) -> Iterator[Case]:
    """The cases in ``lines`` of a log; missing ones of a plan are lost."""
    suite, planned, seen, told = "", 0, 0, list[str]()
    for line in lines:
        if found := SUBTEST.match(line):
            yield from _lost(suite, planned - seen, told)
            suite, planned, seen, told = found[1], 0, 0, []
        elif (found := PLAN.match(line)) and not planned:
            planned = int(found[1])
        elif (found := RESULT.match(line)) and len(found[1]) == CASE_DEPTH:
            seen += 1
            skipped = (found[4] or "").upper().startswith("SKIP")
            yield Case(suite, found[3].strip(), SKIPPED if skipped else found[2], tuple(told))
            told = []
        else:
            told.append(line)
    yield from _lost(suite, planned - seen, told)


def _lost(suite: str, count: int, told: list[str]) -> Iterator[Case]:
    for number in range(1, count + 1):
        yield Case(suite, f"lost {number}", LOST, tuple(told) if number == 1 else ())


def ktap(runs: Sequence[KunitResult]) -> Iterator[str]:
    """All of ``runs`` as one KTAP document."""
    yield "KTAP version 1"
    yield f"1..{sum(it.suites for it in runs)}"
    number = 0
    for it in runs:
        for line in it.log:
            found = RESULT.match(line)
            if found and not found[1]:
                number += 1
                line = re.sub(r"ok \d+", f"ok {number}", line, count=1)  # noqa: PLW2901 -- renumbered
            yield line if found or line.startswith((" ", "#")) else f"# {line}"
        if it.ended:
            yield f"Bail out! {it.module}: {it.ended}"
