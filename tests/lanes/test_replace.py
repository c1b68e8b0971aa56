"""Replacements for functions of any prototype, and for those that the kernel does not export."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pymodutils import LiveKernel, Refused
from pymodutils.errors import NotFound
from pymodutils.kernel.booted.memory import BadValue
from tests.oracles import debian, kbuild

pytestmark = [pytest.mark.lane, pytest.mark.slow]
SOURCE = Path(__file__).parent.parent / "machine/modules/standin.c"
SUITES = {"cloud": "bookworm", "trixie": "trixie"}
ABSENT = ("absent_text", "absent_pair", "absent_wide", "absent_large", "absent_nothing", "absent_u64")


@pytest.fixture(scope="module", params=SUITES)
def file(request: pytest.FixtureRequest) -> Path:
    return kbuild.module(SOURCE, request.param, kbuild.DEBUG)


@pytest.fixture(scope="module")
def booted(file: Path) -> Iterator[LiveKernel]:
    suite = SUITES[next(name for name in SUITES if f"-{name}-" in str(file))]
    package = debian.unpacked(debian.newest("linux-image-cloud-amd64", suite), suite)
    with LiveKernel.boot(next(package.glob("boot/vmlinuz-*"))) as found:
        yield found


@pytest.fixture
def kernel(booted: LiveKernel) -> LiveKernel:
    booted.reset()
    booted.replace("usb_submit_urb", lambda _urb, _flags: 0)
    booted.replace("kallsyms_lookup_name", lambda name: len(name.string()))
    for name in ABSENT:
        booted.replace(name, lambda *_: None)
    return booted


def test_structures_text_and_what_is_on_the_stack(kernel: LiveKernel, file: Path) -> None:
    module, seen = kernel.load(file), list[tuple[Any, ...]]()

    def note(result: object) -> Any:
        def called(*arguments: object) -> object:
            seen.append(arguments)
            return result

        return called

    kernel.replace("absent_text", lambda name, upper: name.string().upper() if upper else None)
    assert [module.call("text", word) for word in ("abc", "", "z" * 50)] == ["ABC", "", "Z" * 50]
    kernel.replace("absent_pair", lambda one, n: {"x": one["x"] + n, "y": one["y"]})
    assert module.call("pair", {"x": 10, "y": 200}) == {"x": 7, "y": 200}
    kernel.replace("absent_wide", note({"a": -1, "b": -2}))
    assert module.call("wide", 40) == {"a": -1, "b": -2}
    assert seen.pop() == ({"a": 40, "b": 1}, 3, 4, 5, 6, {"a": 41, "b": 2}, -7)
    kernel.replace("absent_large", note({"a": [9, 8, 7], "name": "there"}))
    assert module.call("large", 1) == {"a": [9, 8, 7], "name": "there"}
    assert seen.pop() == ({"a": [1, 2, 3], "name": "large"}, 250)
    kernel.replace("absent_u64", note(2**64 - 1))
    assert module.call("small", -5) == 2**64 - 1
    assert seen.pop() == (-5,)


def test_out_parameters(kernel: LiveKernel, file: Path) -> None:
    module, sent = kernel.load(file), []

    def submit(urb: Any, flags: int) -> int:
        sent.append((urb.transfer_buffer_length, flags))
        urb.actual_length = 77
        return 0

    kernel.replace("usb_submit_urb", submit)
    assert module.call("send", 64) == 77
    assert sent == [(64, 0xCC0)]


def test_in_init(kernel: LiveKernel, file: Path) -> None:
    with (
        kernel.replace("usb_submit_urb", lambda urb, _flags: -urb.transfer_buffer_length),
        pytest.raises(Refused, match="EIO"),
    ):
        kernel.load(file)
    assert kernel.load(file).call("send", 1) == 0


def test_a_function_without_an_export(kernel: LiveKernel, file: Path) -> None:
    assert kernel.load(file).call("lookup", "four") == 4


def test_a_moment_keeps_the_stubs(kernel: LiveKernel, file: Path) -> None:
    kernel.load(file)
    moment = kernel.moment()
    for result in (3, 4):
        kernel.restore(moment)
        kernel.replace("absent_u64", lambda _small, result=result: result)
        kernel.replace("absent_nothing", lambda _a: None)
        assert kernel.modules["standin"].call("small", 0) == result


def test_errors(booted: LiveKernel, kernel: LiveKernel, file: Path) -> None:
    module = kernel.load(file)
    kernel.replace("absent_u64", lambda _small: "x")
    with pytest.raises(
        BadValue, match=r"absent_u64: its stand-in gave 'x', but it returns .*'x' is no value"
    ):
        module.call("small", 0)
    booted.reset()
    with pytest.raises(NotFound, match="absent_u64 is in the kernel: give one that stands in"):
        booted.replace("absent_u64", fail_at=1)
    with pytest.raises(Refused, match="No such file"):
        booted.load(file)
    assert any("Unknown symbol absent_u64" in line for line in booted.messages())
    booted.load(next(Path(booted.path).parent.parent.rglob("crc7.ko*")))
    with pytest.raises(NotFound, match=r"no function kmaloc is in the kernel: .* before any load"):
        booted.replace("kmaloc", lambda _size: 0)
