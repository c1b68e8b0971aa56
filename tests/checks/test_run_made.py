"""Findings of --run on a kernel made of answers; real ones are in tests/lanes/test_check_run.py."""

from __future__ import annotations

from errno import EBUSY, ENODEV
from types import SimpleNamespace
from typing import Any

import pytest

from pymodutils.checks import after_run, run
from pymodutils.checks.candidate import Candidate
from pymodutils.checks.target import Target
from pymodutils.checks.verdict import Finding
from pymodutils.errors import ModutilsError, Refused
from pymodutils.kernel.booted.live import LiveKernel
from pymodutils.kernel.booted.misuse import Misuse
from pymodutils.kernel.description import Description

EM_68K, EM_X86_64 = 4, 62
TAINTED, MASK = 0x1000, "tainted_mask"
MADE = Candidate("made", "made.ko", "made.ko")


class Kernel:
    """Answers as a test gives them, and the calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.lines: list[str] = ["<6>[ 1.0] before"]
        self.logged: list[str] = []
        self.errors: dict[str, Exception] = {}
        self.taint, self.adds = 1, 0
        self.checks = None
        space = SimpleNamespace(number=lambda place: self.taint if place == TAINTED else 99)
        arch = SimpleNamespace(checked=False)
        self.machine: Any = SimpleNamespace(touched=[], spoiled=False, space=space, arch=arch)
        self.guest: Any = SimpleNamespace(
            machine=self.machine,
            lookup=lambda name: TAINTED if name == MASK else 0,
            log_end=lambda: (0, len(self.lines)),
            log=lambda start: (self.lines[start:], len(self.lines)),
            symbol=hex,
        )

    def _called(self, *call: str) -> None:
        self.calls.append(call)
        if call[0] in self.errors:
            raise self.errors[call[0]]

    def insert(self, path: str, params: str) -> None:
        self._called("insert", path, params)
        self.lines += self.logged
        self.taint |= self.adds

    def delete(self, name: str) -> None:
        self._called("delete", name)

    def restore(self, moment: str) -> None:
        self._called("restore", moment)

    def reset(self) -> None:
        self._called("reset")

    def moment(self) -> str:
        return f"after {self.calls[-1][1]}"

    def trust(self, keys: tuple[bytes, ...]) -> None:
        self._called("trust", *map(bytes.decode, keys))

    def state(self, _name: str) -> None:
        return None

    def left_by(self, _name: str, _before: object) -> list[object]:
        return []


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    made = Kernel()
    monkeypatch.setattr(LiveKernel, "boot", lambda *_words: made)
    return made


def runner() -> run.TrialRunner:
    return run.TrialRunner(run.BootableImage("vmlinuz", keys=(b"key",)), {"made": "a=1"}, "quiet")


def texts(findings: tuple[Finding, ...]) -> list[tuple[str, str, str, str]]:
    return [(it.rule, it.severity.value, it.subject, it.message) for it in findings]


def test_what_init_returns_and_logs(kernel: Kernel) -> None:
    kernel.logged = [f"<6>[ 2.0] line {at}" for at in range(3)] + [
        "<4>[ 2.0] made: loading out-of-tree module"
    ]
    found = runner().run(MADE, ())
    assert found.ran
    text = "init returned 0, and logged: line 0 | line 1 | line 2"
    assert texts(found.findings) == [("run", "note", "init", text)]
    assert kernel.calls == [("trust", "key"), ("reset",), ("insert", "made.ko", "a=1"), ("delete", "made")]
    kernel.logged = [f"<6>[ 2.0] line {at}" for at in range(4)]
    assert texts(runner().run(MADE, ()).findings)[0][3] == f"{text} ... (4 lines)"
    kernel.logged = []
    assert texts(runner().run(MADE, ()).findings)[0][3] == "init returned 0"


@pytest.mark.parametrize(
    ("call", "code", "text"),
    [
        ("insert", ENODEV, "init returned -ENODEV"),
        ("delete", EBUSY, ""),
        ("delete", ENODEV, "it could not be removed: -ENODEV"),
    ],
)
def test_calls_that_fail(kernel: Kernel, call: str, code: int, text: str) -> None:
    kernel.errors[call] = Refused("made", "refused", code)
    messages = [it.message for it in runner().run(MADE, ()).findings]
    expected = [] if call == "insert" else ["init returned 0"]
    assert messages == [*expected, *([text] if text else [])]
    assert ("delete", "made") not in kernel.calls or call == "delete"


def test_warnings_and_taints_of_its_code(kernel: Kernel) -> None:
    kernel.logged = ["<4>[ 2.0] WARNING: CPU: 0", "<4>[ 2.0] WARNING: CPU: 0", "<4>[ 2.0] no WARNING: here"]
    kernel.adds = (
        1 << 0 | 1 << 6 | 1 << 12 | 1 << 9
    )  # P, which it had, U, O and W, which are reported elsewhere
    found = texts(runner().run(MADE, ()).findings)
    assert found[1:] == [
        ("run-warning", "warning", "init", "the kernel wrote: WARNING: CPU: 0"),
        (
            "run-taint",
            "warning",
            "U",
            "it tainted the kernel as it ran (U): a user asked for it: a dangerous parameter",
        ),
    ]
    kernel.machine.spoiled = True
    kernel.lines, kernel.taint = [], 0
    assert len(runner().run(MADE, ()).findings) == 1


@pytest.mark.parametrize(
    ("line", "warned"),
    [
        ("WARNING: CPU: 0 PID: 1", True),
        ("BUG: sleeping function", True),
        ("refcount_t: underflow; use-after-free.", True),
        ("list_add corruption. prev->next", True),
        ("list_del corruption", True),
        ("list_move corruption", False),
        ("DEBUG: x", False),
    ],
)
def test_lines_that_are_warnings(line: str, warned: bool) -> None:
    assert [it.message for it in after_run.warned([line, line])] == [f"the kernel wrote: {line}"] * warned


def test_leaks_name_the_call() -> None:
    found = after_run.leaks(
        [Misuse("a workqueue left behind", "", "made_init"), Misuse("pages left behind", "", "")]
    )
    assert [it.message for it in found] == [
        "it has been removed, but has not released a workqueue, allocated at made_init",
        "it has been removed, but has not released pages",
    ]


def test_a_kernel_without_the_variable_has_no_taints(kernel: Kernel) -> None:
    assert after_run.taints(kernel) == 1  # type: ignore[arg-type]
    kernel.guest.lookup = lambda _name: 0
    assert after_run.taints(kernel) == 0  # type: ignore[arg-type]


def test_dependencies_stay_loaded_as_long_as_they_are_needed(kernel: Kernel) -> None:
    one, two, three = (Candidate(name, f"{name}.ko", name) for name in ("one", "two", "three"))
    trials = runner()
    for needed in ((one, two), (one, two), (one, three), ()):
        trials.run(MADE, needed)
    load = [("insert", "made.ko", "a=1"), ("delete", "made")]
    assert kernel.calls[1:] == [
        *[("reset",), ("insert", "one.ko", ""), ("insert", "two.ko", ""), *load],
        *[("restore", "after two.ko"), *load],
        *[("restore", "after one.ko"), ("insert", "three.ko", ""), *load],
        *[("reset",), *load],
    ]


def test_what_cannot_run_is_said(kernel: Kernel) -> None:
    found = run.TrialRunner(run.BootableImage(why="it has no image"), {}, "").run(MADE, ())
    assert (found.ran, texts(found.findings)) == (
        False,
        [("run", "note", "init", "not run: it has no image")],
    )
    kernel.errors["insert"] = ModutilsError("one", "one: refused")
    found = runner().run(MADE, (Candidate("one", "one.ko", "one"),))
    text = "not run: a dependency does not load here: one: refused"
    assert (found.ran, [it.message for it in found.findings]) == (False, [text])


@pytest.mark.parametrize(
    ("machine", "why"),
    [
        (EM_68K, "only kernels of x86_64, aarch64 and riscv64 can run here, not m68k"),
        (EM_X86_64, "k.json contains no kernel image"),
    ],
)
def test_kernels_that_cannot_run(machine: int, why: str) -> None:
    kernel = Description(machine=machine)
    (image,) = run.images([Target("k", "k.json", kernel, "")], "", "")
    assert image.why == why
