"""check --run: init() on Debian's own kernel, and when it does not run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import pymodutils
from pymodutils import EmulatedKernel, Rule
from tests.oracles import kbuild, kernels

pytestmark = [pytest.mark.lane, pytest.mark.slow]
SOURCE = Path(__file__).parent.parent / "machine/modules/ends.c"


@pytest.fixture(scope="module")
def ends() -> str:
    return str(kbuild.module(SOURCE, "cloud", kbuild.DEBUG))


@pytest.mark.parametrize(
    ("how", "rule", "words"),
    [
        (0, "run", "init returned 0"),
        (-19, "run", "init returned -ENODEV"),
        (1, "run-warning", "the kernel wrote: WARNING: CPU: 0 PID: "),
        (2, "run-oops", "init did not return: the kernel oopsed: BUG: kernel NULL pointer dereference"),
        (3, "run-oops", "init did not return: still waiting in wait_for_completion()"),
        (4, "run", "code of an init function used I/O port 0x3f8"),
        (5, "run-oops", "init did not return: still running"),
        (6, "run", "it could not be removed: -EAGAIN"),
        (7, "run-oops", "exit did not return: the kernel oopsed"),
        (8, "run-leak", "not released memory of kmalloc(), allocated at "),
        (9, "run-leak", "not released memory of kmalloc(), allocated at "),
        (10, "run-taint", "it tainted the kernel as it ran (I): "),
    ],
)
def test_each_end(how: int, rule: str, words: str, image: Path, ends: str) -> None:
    report = pymodutils.check(ends, image, params={"ends": f"how={how}"}, run=True)
    found = [it for it in report.verdicts[0].findings if it.rule.startswith("run")]
    said = [it for it in found if words in it.message]
    assert [(it.rule, it.severity) for it in said] == [(rule, Rule(rule).severity)], found


def test_what_exit_releases_is_no_leak(image: Path, ends: str) -> None:
    report = pymodutils.check(ends, image, params={"ends": "how=11"}, run=True)
    assert [it.message for it in report.verdicts[0].findings if it.rule is Rule.RUN_LEAK] == []


def test_what_it_needs_is_loaded_first(package: Path, image: Path) -> None:
    files = [next(package.rglob(f"{name}.ko")) for name in ("vfat", "fat", "msdos")]
    report = pymodutils.check(files, image, run=True)
    runs = [[it.message for it in verdict.findings if it.rule is Rule.RUN] for verdict in report.verdicts]
    assert runs == [["init returned 0"]] * 3


def test_not_run(image: Path, package: Path) -> None:
    foreign = kernels.kernel("s390x")
    file = next(foreign.modules.rglob("dummy.ko*"))
    [verdict] = pymodutils.check(file, str(foreign.image), run=True).verdicts
    assert [it.message for it in verdict.findings if it.rule is Rule.RUN] == [
        "not run: only kernels of x86_64, aarch64 and riscv64 can run here, not s390x"
    ]
    script = "import sys; sys.modules['unicorn'] = None; from pymodutils import cli; cli.main()"
    words = [
        sys.executable,
        "-c",
        script,
        "check",
        "--run",
        "-k",
        str(image),
        str(next(package.rglob("fat.ko"))),
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "not run: no machine without unicorn: pip install 'pymodutils[machine]'" in done.stdout


def test_an_emulated_kernel_takes_the_outcome(ends: str, image: Path, package: Path, tmp_path: Path) -> None:
    state = str(tmp_path / "k.state")
    kernel = EmulatedKernel.boot(pymodutils.describe(image), state)
    file = str(next(package.rglob("sbshc.ko")))
    assert "is assumed to return 0" in kernel.insert(file, "")
    words = [
        sys.executable,
        "-m",
        "pymodutils",
        "kernel",
        "behave",
        "sbshc",
        "--run",
        file,
        "--on",
        str(image),
    ]
    done = subprocess.run(
        [*words, "--backend", f"emulated:{state}"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "init() of sbshc returns -19\n"
    kernel.delete("sbshc")
    with pytest.raises(pymodutils.Refused, match="returned -19"):
        kernel.insert(file, "")
    assert "assumed" in kernel.insert(ends, "")


def test_an_emulated_kernel_asks_its_own_image(ends: str, image: Path, package: Path, tmp_path: Path) -> None:
    state = str(tmp_path / "k.state")
    command = [sys.executable, "-m", "pymodutils"]
    subprocess.run([*command, "kernel", "boot", state, "--from", str(image), "--run"], check=True)
    kernel = EmulatedKernel.open(state)
    with pytest.raises(pymodutils.Refused, match="returned -19"):
        kernel.insert(str(next(package.rglob("sbshc.ko"))), "")
    with pytest.raises(pymodutils.Refused, match="returned -5"):
        kernel.insert(ends, "how=-5")
    assert kernel.insert(ends, "how=0") == ""
    kernel.behave("fat", init=-1)
    with pytest.raises(pymodutils.Refused, match="returned -1"):
        kernel.insert(str(next(package.rglob("fat.ko"))), "")
    assert [(it.name, it.assumed) for it in kernel.loaded()] == [("ends", False)]
