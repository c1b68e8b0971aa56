"""Functions of a module built by gcc for Debian's kernel, called from Python."""

from __future__ import annotations

import errno
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pymodutils import LiveKernel, LiveModule, Oops, Refused, Waiting
from pymodutils.dwarf.types import DwarfTypes
from pymodutils.elf.ctype import Struct
from pymodutils.errors import NotFound
from pymodutils.kernel.booted.memory import BadValue
from pymodutils.kernel.booted.words import Status
from pymodutils.machine.results import OutOfBudget, Panicked
from tests.oracles import kbuild, kernels

pytestmark = [pytest.mark.lane, pytest.mark.slow]
SOURCE = Path(__file__).parent.parent / "machine/modules/sample.c"
OVERFLOW = "stack guard page was hit|Insufficient stack space"  # x86, arm64
SUITES = ("cloud", "trixie", "arm64")  # of headers.KERNELS, and the kernels of these


@pytest.fixture(scope="module", params=SUITES)
def suite(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def image(suite: str) -> Path:
    return kernels.kernel("cloud-amd64" if suite == "cloud" else suite).image


@pytest.fixture(scope="module")
def file(suite: str) -> Path:
    return kbuild.module(SOURCE, suite, kbuild.DEBUG)


@pytest.fixture(scope="module")
def shared(image: Path) -> Iterator[LiveKernel]:
    with LiveKernel.boot(image) as kernel:
        yield kernel


@pytest.fixture(scope="module")
def mod(shared: LiveKernel, file: Path) -> LiveModule:
    return shared.load(file, debug=3, label="a b")


def test_every_kind_of_argument(mod: LiveModule) -> None:
    assert mod.call("sum_of", [1, 2, -40], 3) == -37
    assert mod.call("sum_of", (), 0) == 0
    assert mod.call("greet", "world") == "hello world"
    assert mod.call("eight", 1, 2, 3, 4, 5, 6, 7, 8) == 87654321
    quotient, rest = [0], [0]
    assert mod.call("divide", -17, 5, quotient, rest) == 0
    assert (quotient, rest) == ([-3], [-2])
    data = bytearray(5)
    assert mod.call("fill", data, 4, 7) is None
    assert data == b"\7\7\7\7\0"
    assert (mod.call("widest"), mod.call("is_small", 9), mod.call("is_small", 10)) == (2**64 - 1, True, False)


def test_structures(mod: LiveModule) -> None:
    assert mod.call("moved", {"x": 1, "y": 2, "low": 200}, 10) == {
        "x": 11, "y": -2, "low": 200, "bits": 200, "flag": 5, "rest": 0,
    }  # fmt: skip
    larger = mod.call("larger", {"count": 41, "sum": -5, "color": "BLUE"})
    assert (larger["count"], larger["name"], larger["sum"], larger["color"]) == (42, "larger", -5, "BLUE")
    given = {"name": "dict", "on": True, "count": 0}
    assert mod.call("note", given, "GREEN") == 1
    assert given["count"] == 2
    own = mod.new("struct state", name="own")
    assert mod.call("note", own, 6) == -errno.EPERM
    assert (own.count, own.color, own.corner[1].y) == (2, "BLUE", -7)
    assert mod.kernel.messages()[-1] == "noted own"


def test_variables(mod: LiveModule) -> None:
    assert (mod["state"].count, mod["state"].name, mod["state"].color, mod["state"].sum) == (
        3,
        "first",
        "GREEN",
        -9,
    )
    assert (mod["debug"], mod["label"].string(), mod["current_state"].name) == (3, "a b", "first")
    before = mod["calls"]
    mod.call("sum_of", [1], 1)
    assert mod["calls"] == before + 1
    mod["debug"] = -4
    assert mod.kernel.read("/sys/module/sample/parameters/debug") == b"-4\n"


def test_errors_have_names(mod: LiveModule) -> None:
    found = mod.call("divide", 1, 0, [0], [0])
    assert isinstance(found, Status)
    assert (found, found.name, repr(found)) == (-errno.EDOM, "EDOM", "-EDOM")
    assert repr(mod.call("fails", errno.ENOMEM)) == "-ENOMEM"
    assert not mod.call("fails", 0)


def test_what_cannot_be_called_says_why(mod: LiveModule) -> None:
    for name, words in (("sum_off", "did you mean 'sum_of'"), ("sample_init", "no longer in memory")):
        with pytest.raises(NotFound, match=words):
            mod.call(name)
    with pytest.raises(BadValue, match="1 arguments where 2 are taken: int sum_of"):
        mod.call("sum_of", 1)
    with pytest.raises(BadValue, match="300 does not fit"):
        mod.call("is_small", 300)


def test_without_debug_information(image: Path, suite: str) -> None:
    plain = kbuild.module(SOURCE, suite)
    with LiveKernel.boot(image) as kernel, pytest.raises(NotFound, match="KCFLAGS=-g"):
        kernel.load(plain).call("sum_of", [1], 1)


def test_functions_of_the_kernel_and_of_modules_with_btf(image: Path) -> None:
    with LiveKernel.boot(image) as kernel:
        if image.name.endswith("amd64"):  # assembly elsewhere, of which BTF has no parameters
            assert kernel.call("strlen", "hello") == 5
        assert kernel.call("crc32_le", 0xFFFFFFFF, b"123456789", 9) ^ 0xFFFFFFFF == 0xCBF43926
        crc7 = kernel.load(next(image.parent.parent.rglob("crc7.ko*")))
        assert crc7.call("crc7_be", 0, b"\x40\0\0\0\0", 5) == 0x94  # CMD0 of an SD card


def test_types_of_btf_are_those_of_dwarf(mod: LiveModule) -> None:
    """The kernel's is by pahole, the module's by gcc."""
    btf, dwarf = mod.kernel.btf, DwarfTypes(mod.file)
    assert btf
    compared = 0
    for tag, name in list(dwarf._index):
        ours, theirs = dwarf.named(f"struct {name}"), btf.named(f"struct {name}")
        if tag == "structure_type" and isinstance(ours, Struct) and isinstance(theirs, Struct) and ours.size:
            places = [[(m.name, m.offset, m.shift, m.width) for m in it.members] for it in (ours, theirs)]
            assert places[0] == places[1], name
            compared += 1
    assert compared > 100


def test_ends(image: Path, file: Path) -> None:
    with LiveKernel.boot(image) as kernel:
        mod = kernel.load(file)
        with pytest.raises(Oops, match="NULL pointer dereference") as oops:
            mod.call("oops_at", 16)
        assert oops.value.where.startswith("oops_at+0x")
        with pytest.raises(Waiting, match=r"still waiting in \w*wait_for_com") as waiting:
            mod.call("wait_for_it")
        assert waiting.value.where.startswith("wait_for_it+0x")
        assert mod.call("touch", 0xFE000000) == 0xFFFFFFFF
        touched = kernel.guest.machine.touched[-1]
        assert (touched.address, kernel.guest.symbol(touched.by).partition("+")[0]) == (0xFE000000, "touch")
        assert mod.call("sum_of", [1], 1) == 1
        kernel.guest.machine.limit(1)
        with pytest.raises(OutOfBudget, match=r"still running at spin, sample.c:1[0-9]+ after 1 s"):
            mod.call("spin")


def test_a_stack_that_overflows(image: Path, file: Path) -> None:
    with LiveKernel.boot(image) as kernel:
        mod = kernel.load(file)
        assert mod.call("deep", 3) == 6
        with pytest.raises(Panicked):
            mod.call("deep", 1 << 20)
        log = kernel.messages()
    assert any(re.search(OVERFLOW, line) for line in log)
    assert any(re.match(r"(RIP: 0010|pc ): ?deep\+0x", line) for line in log)


def test_init_may_refuse(image: Path, file: Path) -> None:
    with LiveKernel.boot(image) as kernel:
        with pytest.raises(Refused) as refused:
            kernel.load(file, debug=-errno.ENODEV)
        assert refused.value.errno == errno.ENODEV
        kernel.load(file).unload()
        assert kernel.messages()[-1] == "sample: bye 3"
        assert kernel.loaded() == []


def test_the_command(image: Path, file: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pymodutils", "call", "-k", str(image), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    done = run(str(file), "divide", "17", "5", "[0]", "[0]")
    assert done.stdout == "divide(17, 5, [0], [0]) = 0\n  quotient = [3]\n  rest = [2]\n"
    assert run(str(file), "divide", "1", "0", "[0]", "[0]").stdout.endswith("= -EDOM (-33)\n")
    said = json.loads(run("--format", "json", str(file), "note", "{'count': 1}", "BLUE").stdout)
    assert said == {"function": "note", "result": -1, "error": "EPERM", "arguments": [{"count": 3}, "BLUE"]}
    failed = run("-l", "-p", "label=x", str(file), "oops_at", "8")
    assert failed.returncode == 1
    assert "sample: debug=0 label=x" in failed.stderr
    assert re.search(r"(RIP: 0010|pc ): ?oops_at\+", failed.stderr)
    assert re.search("ERROR: oops_at: .* oopsed: .*NULL pointer dereference", failed.stderr)
    failed = run(str(file), "deep", "1000000")
    assert failed.returncode == 1
    assert re.search(OVERFLOW, failed.stderr)
    assert re.search(
        r"call: ERROR: the kernel panicked: (Fatal exception in interrupt|kernel stack overflow)\n$",
        failed.stderr,
    )
