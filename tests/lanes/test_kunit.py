"""KUnit's verdicts on a kernel without KUnit, booted in this process."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.oracles import kbuild, kernels, kunit

pytestmark = [pytest.mark.lane, pytest.mark.slow]
FAILING = Path(__file__).parent.parent / "machine/modules/failing-test.c"


@pytest.fixture(scope="module")
def folder() -> Path:
    return kunit.built([FAILING])


def run(image: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pymodutils", "kunit", "-k", str(image), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_kernels_own_tests_pass(image: Path, folder: Path) -> None:
    names = (
        "list-test",
        "kunit-example-test",
        "test_sort",
        "test_list_sort",
        "cmdline_kunit",
        "memcpy_kunit",
    )
    done = run(image, *(str(folder / f"{name}.ko") for name in names))
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[:2] == ["KTAP version 1", "1..7"]
    assert [line.split()[1] for line in lines if line.startswith("ok ")] == list("1234567")
    assert len([line for line in lines if line.startswith("    ok ") and "list_test" in line]) == 57
    assert "    ok 2 example_skip_test # SKIP this test should be skipped" in lines


def test_on_arm64() -> None:
    found, image = kunit.built(kernel="arm64"), kernels.kernel("arm64").image
    done = run(image, *(str(found / f"{name}.ko") for name in ("list-test", "cmdline_kunit")))
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len([line for line in lines if line.startswith("    ok ") and "list_test" in line]) == 57


def test_failures_are_told(image: Path, folder: Path, tmp_path: Path) -> None:
    failing, report = str(folder / "failing-test.ko"), tmp_path / "r.xml"
    done = run(image, failing)
    assert done.returncode == 1
    lines = [line.strip() for line in done.stdout.splitlines()]
    for line in (
        "ok 1 passes",
        "not ok 2 fails",
        "ok 3 skips # SKIP not here",
        "not ok 4 crashes",
        "not ok 1 failing",
    ):
        assert line in lines, done.stdout
    assert any("EXPECTATION FAILED at" in line for line in lines)
    assert any("BUG: kernel NULL pointer dereference" in line for line in lines)
    assert run(image, "--format", "junit", "-o", str(report), failing).returncode == 1
    suites = ET.parse(report).getroot()  # noqa: S314 -- our own
    [suite] = suites
    assert suite.get("name") == "failing"
    kinds = {case.get("name"): [child.tag for child in case] for case in suite}
    assert kinds["passes"] == kinds["after"] == []
    assert (kinds["fails"], kinds["skips"], kinds["crashes"]) == (["failure"], ["skipped"], ["failure"])


def test_in_pytest(image: Path, folder: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-p", "pymodutils.pytest_plugin", "-p", "no:cacheprovider"]
    command += [
        "-q",
        "-rA",
        "-o",
        "kunit_modules=list-*.ko",
        "-c",
        "/dev/null",
    ]
    command += [
        "--rootdir",
        str(folder),
        "--kernel-image",
        str(image),
        "failing-test.ko",
        str(folder),
    ]
    printed = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder).stdout
    assert "PASSED list-test.ko::hlist::hlist_test_init" in printed, printed
    assert "FAILED failing-test.ko::failing::fails" in printed
    assert "EXPECTATION FAILED at" in printed
    assert "2 failed, 59 passed, 1 skipped" in printed


def test_a_module_without_suites(image: Path, folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "kunit.ko", tmp_path)
    done = run(image, str(shutil.copy(kbuild.module(FAILING.with_name("sample.c")), str(tmp_path))))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "has no KUnit suites" in done.stderr
