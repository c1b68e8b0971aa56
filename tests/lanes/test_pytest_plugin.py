"""The fixtures ``kernel`` and ``module`` of the pytest plugin."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pymodutils import LiveKernel
from tests.oracles import kbuild

pytestmark = [pytest.mark.lane, pytest.mark.slow]
SOURCE = Path(__file__).parent.parent / "machine/modules/sample.c"
TESTS = """
import errno
import pytest
pytestmark = pytest.mark.module("sample.ko", debug=2)

@pytest.mark.parametrize("i", range(4))
def test_each_begins_anew(module, i):
    assert (module["calls"], module["debug"]) == (0, 2)
    module.call("sum_of", [1], 1)
    assert module["calls"] == 1

def test_that_oopses(module):
    module.call("oops_at", 16)

def test_that_does_not_end(module):
    module.kernel.guest.machine.limit(0.5)
    module.call("spin")

def test_after_both(module):
    assert module.call("sum_of", [1, 2], 2) == 3

@pytest.mark.parametrize(("at", "result"), [(1, -errno.ENOMEM), (2, -errno.ENOMEM), (3, 0)])
def test_allocations_fail(kernel, module, at, result):
    with kernel.replace("kmalloc", fail_at=at) as replaced:
        assert module.call("allocate") == result
    assert replaced.calls == min(at, 2)
    assert module.call("allocate") == 0

def test_stand_ins(kernel, module):
    seen = []
    kernel.replace("_printk", lambda format, *more: seen.append(format.string()))
    kernel.replace("sample:sum_of", lambda values, n: values[0] + n)
    assert module.call("note", {"name": "x"}, "RED") == -errno.EPERM
    assert seen == ["\\x016sample: noted %s\\n"] or seen == ["\\x016noted %s\\n"]
    assert module.call("sum_of", [40], 2) == 42

def test_a_failing_stand_in(kernel, module):
    def wrong(*arguments):
        raise ZeroDivisionError
    kernel.replace("_printk", wrong)
    with pytest.raises(ZeroDivisionError):
        module.call("note", {"name": "x"}, "RED")

def test_stand_ins_are_gone(kernel, module):
    module.call("note", {"name": "x"}, "RED")
    assert kernel.messages()[-1].endswith("noted x")

def test_unloaded(kernel, module):
    module.unload()
    assert kernel.loaded() == []

@pytest.mark.module("sample.ko", debug=-19)
def test_init_fails(module):
    pass
"""


@pytest.fixture(scope="module")
def file() -> Path:
    return kbuild.module(SOURCE, "cloud", kbuild.DEBUG)


def run(image: Path, folder: Path, *words: str) -> str:
    command = [sys.executable, "-m", "pytest", "-p", "pymodutils.pytest_plugin", "-p", "no:cacheprovider"]
    command += ["-c", "/dev/null", "--rootdir", str(folder), "--kernel-image", str(image), "-q", *words]
    return subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False).stdout


def test_fixtures(image: Path, file: Path, tmp_path: Path) -> None:
    (tmp_path / "sample.ko").write_bytes(file.read_bytes())
    (tmp_path / "sample.c").write_bytes(SOURCE.read_bytes())
    (tmp_path / "test_sample.py").write_text(TESTS)
    printed = run(image, tmp_path)
    failed = set(re.findall(r"^(?:FAILED|ERROR) \S+::(\w+)", printed, re.MULTILINE))
    assert failed == {"test_that_oopses", "test_that_does_not_end", "test_init_fails"}, printed
    assert "RIP: 0010:oops_at+0x5/0x10 [sample]  (sample.c:118: return *(volatile int *)address;)" in printed
    assert "still running at spin, sample.c:1" in printed
    assert "-ENODEV, No such device" in printed


def test_without_a_module(image: Path, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(module):\n    pass\n")
    assert "the fixture 'module' takes @pytest.mark.module('x.ko'" in run(image, tmp_path)


def test_a_moment_returns_to_the_byte(image: Path, file: Path) -> None:
    with LiveKernel.boot(image) as kernel:
        kernel.load(file)
        moment = kernel.moment()
        hashes = set()
        for _ in range(3):
            kernel.restore(moment)
            before = bytes(kernel.guest.machine.ram)
            kernel.modules["sample"].call("note", {"name": "x"}, "RED")
            kernel.modules["sample"].unload()
            hashes.add((hash(before), hash(bytes(kernel.guest.machine.ram)), tuple(kernel.messages())))
        assert len(hashes) == 1
