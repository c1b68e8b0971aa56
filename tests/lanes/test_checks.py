"""Memory errors found in an unmodified module, none in correct ones; line coverage."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pymodutils import LiveKernel, Oops, Refused
from pymodutils.errors import ModutilsError
from pymodutils.kernel.booted import kunit as suites
from pymodutils.kernel.booted.bounds_checks import BoundsChecks
from pymodutils.kernel.booted.coverage import Coverage
from pymodutils.kernel.booted.heap_checks import HeapChecks
from pymodutils.kernel.booted.misuse import Misused
from pymodutils.kernel.booted.watched import Moment
from pymodutils.machine.results import Panicked
from tests.lanes.test_pytest_plugin import run
from tests.oracles import kbuild, kernels, kunit, lcov, linux

pytestmark = [pytest.mark.lane, pytest.mark.slow]
FOLDER = Path(__file__).parent.parent / "machine/modules"
SUITES = ("cloud", "trixie", "arm64")  # of headers.KERNELS, and the kernels of these
EM_X86_64 = 62
SAMPLE = 60  # modules of Debian's own


def image(suite: str) -> Path:
    return kernels.kernel("cloud-amd64" if suite == "cloud" else suite).image


@pytest.fixture(scope="module", params=SUITES)
def loaded(request: pytest.FixtureRequest) -> Iterator[tuple[LiveKernel, Moment]]:
    file = kbuild.module(FOLDER / "buggy.c", request.param, kbuild.DEBUG)
    with LiveKernel.boot(image(request.param)) as kernel:
        kernel.check()
        kernel.load(file)
        yield kernel, kernel.moment()


def line(text: str) -> int:
    """The number of the line of buggy.c with ``text``."""
    lines = (FOLDER / "buggy.c").read_text().splitlines()
    return next(number for number, words in enumerate(lines, 1) if text in words)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("write_after_end", r"a write of 1 byte at offset 10 of 10 bytes at write_after_end, buggy.c:%d"),
        ("read_before_start", r"a read of 4 bytes 4 bytes before 32 bytes at read_before_start, buggy.c:\d+"),
        (
            "set_too_much",
            r"a write of \d bytes? at offset \d+ of 40 bytes at \S+, buggy.c:\d+; allocated at set_too",
        ),
        (
            "use_after_free",
            r"a read of 1 byte after free, at offset 16 of 40 bytes at use_after_free, buggy.c:\d+",
        ),
        (
            "free_twice",
            r"a double free of 6 bytes at .*; allocated at free_twice, buggy.c:\d+, freed at free_twice",
        ),
        ("leak", r"a leak of 40 bytes; allocated at leak, buggy.c:\d+"),
    ],
)
def test_each_fault_is_found(loaded: tuple[LiveKernel, Moment], function: str, words: str) -> None:
    kernel, moment = loaded
    kernel.restore(moment)
    kernel.modules["buggy"].call(function, *([10] if function == "write_after_end" else []))
    kernel.unload()
    assert kernel.checks
    with pytest.raises(Misused) as misused:
        kernel.checks.verify()
    wanted = words % line("bytes[n] = 0") if "%d" in words else words
    assert re.match(wanted, str(misused.value)), str(misused.value)
    assert "\n" not in str(misused.value)


def test_nothing_is_found_in_what_is_sound(loaded: tuple[LiveKernel, Moment]) -> None:
    kernel, moment = loaded
    kernel.restore(moment)
    assert kernel.modules["buggy"].call("sound", 10) == 10
    with kernel.replace("kmalloc", fail_at=1) as replaced:
        assert kernel.modules["buggy"].call("sound", 10) == 0
    assert replaced.calls == 2
    kernel.unload()
    assert kernel.checks
    kernel.checks.verify()


BOUNDS = {  # function, argument: what is found; the largest argument that is right
    "read_static": (5, r"a read of 4 bytes at offset 20 of table \(20 bytes\)", 4),
    "write_static": (13, r"a write of 1 byte at offset 13 of bitmap \(13 bytes\)", 12),
    "write_record": (3, r"a write of 4 bytes at offset 48 of records \(48 bytes\)", 2),
    "print_static": ("123456789", r"a write of 1 byte at offset 10 of message \(10 bytes\)", "12345678"),
    "write_stack": (6, r"a write of 4 bytes at offset 24 of numbers \(24 bytes, on the stack\)", 5),
    "print_stack": (
        "x" * 18,
        r"a write of 21 bytes at offset 0 of line \(20 bytes, on the stack\)",
        "x" * 17,
    ),
    "loop_over_stack": (5, r"a write of 8 bytes at offset 32 of words \(32 bytes, on the stack\)", 4),
    "overwrite": (24, "a write of 8 bytes over the return address", 8),
}
AMD64 = ("write_record", "loop_over_stack", "overwrite")  # by addresses that arm64 computes apart


@pytest.fixture(scope="module", params=SUITES)
def bounds(request: pytest.FixtureRequest) -> Iterator[tuple[LiveKernel, Moment]]:
    file = kbuild.module(FOLDER / "bounds.c", request.param, kbuild.DEBUG)
    with LiveKernel.boot(image(request.param)) as kernel:
        kernel.check([HeapChecks, BoundsChecks])
        kernel.load(file)
        yield kernel, kernel.moment()


@pytest.mark.parametrize("function", BOUNDS)
def test_variables_that_are_left(bounds: tuple[LiveKernel, Moment], function: str) -> None:
    """By an index, a pointer or a function of the kernel; the last two may be followed by a panic."""
    kernel, moment = bounds
    if function in AMD64 and kernel.guest.machine.arch.machine != EM_X86_64:
        pytest.skip("not found on arm64 (docs/testing-modules.md)")
    wrong, words, right = BOUNDS[function]
    for argument, wanted in ((right, ""), (wrong, rf"{words} at {function}, bounds\.c:\d+")):
        kernel.restore(moment)
        with suppress(Panicked, Oops):
            kernel.modules["bounds"].call(function, argument, *([1] if function == "write_stack" else []))
        assert kernel.checks
        found = [str(it) for it in kernel.checks.found]
        assert bool(found) == bool(wanted), found
        assert not wanted or re.match(wanted, found[0]), found


def test_variables_that_are_not_left(bounds: tuple[LiveKernel, Moment]) -> None:
    kernel, moment = bounds
    kernel.restore(moment)
    assert kernel.modules["bounds"].call("sound", 8) == 114
    kernel.unload()
    assert kernel.checks
    kernel.checks.verify()


def test_nothing_is_found_in_the_kernels_own_tests() -> None:
    with LiveKernel.boot(image("cloud")) as kernel:
        checks = kernel.check([HeapChecks, BoundsChecks])
        for path in (
            kunit.built() / f"{name}.ko" for name in ("memcpy_kunit", "cmdline_kunit", "stackinit_kunit")
        ):
            assert suites.run(kernel, str(path), 120).cases
            assert [str(it) for it in checks.found] == []


def test_nothing_is_found_in_debians_modules() -> None:
    found = image("cloud")
    modules = sorted(found.parent.parent.rglob("*.ko"))
    with LiveKernel.boot(found) as kernel:
        checks, told = kernel.check(), {}
        for path in modules[:: len(modules) // SAMPLE]:
            kernel.reset()
            try:
                kernel.load(path)
            except (Refused, ModutilsError):
                continue
            kernel.unload()
            if checks.found:
                told[path.name] = [str(it) for it in checks.found]
        assert told == {}


def test_coverage_of_lines() -> None:
    file, coverage = kbuild.module(FOLDER / "sample.c", "cloud", kbuild.DEBUG), Coverage()
    with LiveKernel.boot(image("cloud")) as kernel:
        kernel.cover(coverage)
        module = kernel.load(file)
        for _ in range(3):
            module.call("divide", 1, 0, [0], [0])
        module.call("sum_of", [1] * 7, 7)
        coverage.harvest(kernel)
    lines = {text.strip(): n for n, text in enumerate((FOLDER / "sample.c").read_text().splitlines(), 1)}
    counts = coverage.lines(str(file))["sample.c"]
    assert counts[lines["return -EDOM;"]] == 3
    assert counts[lines["*quotient = a / b;"]] == 0
    assert counts[lines["sum += *values++;"]] == 7
    assert counts[lines["return debug < 0 ? debug : 0;"]] == 1
    text = coverage.lcov()
    assert "FNDA:3,divide\n" in text
    assert f"DA:{lines['return -EDOM;']},3\n" in text
    assert text.endswith("end_of_record\n")
    assert text.count("end_of_record") == text.count("SF:") == 1
    branches = dict[int, list[int]]()
    for line, count in re.findall(r"^BRDA:(\d+),0,\d+,(\d+)$", text, re.MULTILINE):
        branches.setdefault(int(line), []).append(int(count))
    assert sorted(branches[lines["if (!b)"]]) == [0, 3]
    loop = next(number for text, number in lines.items() if text.startswith(("while (n", "for (")))
    assert sum(map(sum, (counts for line, counts in branches.items() if line in (loop, loop + 1)))) >= 7


def test_pages_of_genhtml(tmp_path: Path) -> None:
    """For a module of the kernel itself."""
    source, coverage = linux.file("lib/crc7.c"), Coverage()
    for path in (source, kbuild.module(source, "cloud", kbuild.DEBUG)):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with LiveKernel.boot(image("cloud")) as kernel:
        kernel.cover(coverage)
        module = kernel.load(tmp_path / "crc7.ko")
        assert [module.call("crc7_be", 0, b"\x40\0\0\0\0", 5) for _ in range(3)] == [0x94] * 3
        coverage.harvest(kernel)
    (tmp_path / "lines.info").write_text(coverage.lcov())
    assert "functions..: 100.0% (1 of 1 function)" in lcov.genhtml(tmp_path / "lines.info", tmp_path / "html")
    [page] = (tmp_path / "html").rglob("crc7.c.gcov.html")
    assert re.search(r'<span class="lineCov"> +\d+ : \s*while \(len--\)', page.read_text())


def test_in_pytest(tmp_path: Path) -> None:
    (tmp_path / "buggy.ko").write_bytes(kbuild.module(FOLDER / "buggy.c", "cloud", kbuild.DEBUG).read_bytes())
    (tmp_path / "buggy.c").write_bytes((FOLDER / "buggy.c").read_bytes())
    (tmp_path / "test_it.py").write_text(
        "def test_leak(module):\n    module.call('leak')\n"
        "def test_sound(module):\n    assert module.call('sound', 10) == 10\n"
    )
    options = ("-o", "kernel_checks=true", "-o", "kernel_module=buggy.ko")
    printed = run(image("cloud"), tmp_path, *options, "--module-coverage", str(tmp_path / "lines.info"))
    assert "Misused: a leak of 40 bytes; allocated at leak, buggy.c:" in printed
    assert "2 passed, 1 error" in printed
    info = (tmp_path / "lines.info").read_text()
    assert f"SF:{tmp_path}/buggy.c\n" in info
    assert "FNDA:1,leak\n" in info
    assert "FNDA:0,free_twice\n" in info
