"""Calls of C functions by the psABI against the compiler: gcc's functions are called in this process."""

from __future__ import annotations

import platform
import shutil
from types import SimpleNamespace

import pytest

from pymodutils.kernel.booted.arguments import Call
from pymodutils.kernel.booted.invocation import TEXT_SIZE, TEXTS, Invocation
from pymodutils.kernel.booted.memory import BadValue
from pymodutils.machine.results import Returned
from tests.kernel.booted.compiled import Library, Process
from tests.oracles.debian import Unavailable


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    if not shutil.which("gcc") or platform.machine() != "x86_64":
        raise Unavailable("no gcc for x86-64 (package gcc)")
    return Library(tmp_path_factory.mktemp("functions"))


def test_structures_go_in_registers_or_in_memory(library: Library) -> None:
    first, second, third = {"a": 1, "b": -2}, {"a": 5, "b": 6}, {"a": [7, 8, 9]}
    assert library.call("show", first, -3, 255, second, -4, third, 10) == "1 -2 -3 255 5 6 -4 7 8 9 10"


def test_a_structure_without_two_registers_leaves_the_last_one_to_others(library: Library) -> None:
    assert library.call("after", 1, 2, 3, 4, 5, {"a": 6, "b": 7}, 8, -9) == "1 2 3 4 5 6 7 8 -9"


def test_numbers_are_returned_by_their_type(library: Library) -> None:
    assert [library.call("negated", value) for value in (-7, 12, 1 << 20)] == [7, -12, -(1 << 20)]
    assert repr(library.call("negated", 12)) == "-ENOMEM"
    assert [library.call("low", value) for value in (-128, -1, 127)] == [-128, -1, 127]
    assert repr(library.call("low", -12)) == "-12"
    assert library.call("wrapped", (1 << 32) - 12) == (1 << 32) - 12
    assert [library.call("set", value) for value in (False, True)] == [False, True]


def test_structures_are_returned_in_registers_or_in_memory(library: Library) -> None:
    assert library.call("small", -5, 6) == {"a": -5, "b": 6}
    assert library.call("two", -1, 1 << 62) == {"a": -1, "b": 1 << 62}
    assert library.call("odd", 1 << 40, 7) == {"a": 1 << 40, "b": 7}
    assert library.call("big", 1, -2, 3) == {"a": [1, -2, 3]}


def test_text_is_returned_as_such(library: Library) -> None:
    assert library.call("null") is None
    assert repr(library.call("error", -22)) == "-EINVAL"  # ERR_PTR()


def test_targets_of_pointers_are_lent(library: Library) -> None:
    numbers, pair, data = [2, 3, 4], {"a": 1, "b": 2}, bytearray(b"abc")
    library.call("fill", numbers, 3)
    library.call("swap", pair)
    library.call("clear", data, 2)
    assert (numbers, pair, bytes(data)) == ([2, 6, 12], {"a": 2, "b": 1}, b"\0\0c")
    assert library.call("length", "four") == 4
    assert library.call("length", "é") == 2  # bytes of UTF-8
    assert library.call("lengths", ["a", "bcd"], 2) == 4
    assert library.call("first", [200, 1]) == 200
    assert library.call("first", b"\xff") == 255
    assert [library.call("is_null", value) for value in (None, 0, b"")] == [1, 1, 0]


def test_more_arguments_than_named(library: Library) -> None:
    assert library.call("total", 2, 30, -4, "four") == 30
    assert library.call("total", 7, *range(7), "x") == 22
    for name, arguments in (("negated", ()), ("negated", (1, 2)), ("total", ())):
        with pytest.raises(BadValue, match=f"{len(arguments)} arguments where 1 are taken"):
            library.call(name, *arguments)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("total", (1, 1 << 63, "")),
        ("total", (1 << 31, "")),
        ("is_null", (1 << 64,)),
        ("wrapped", (1 << 32,)),
        ("wrapped", (-1,)),
        ("low", (128,)),
        ("low", (-129,)),
    ],
)
def test_a_number_that_does_not_fit_its_type(
    library: Library, name: str, arguments: tuple[object, ...]
) -> None:
    with pytest.raises(BadValue, match="does not fit into"):
        library.call(name, *arguments)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("show", [{"a": 1, "b": -2}, -3, 255, {"a": 5, "b": 6}, -4, {"a": [7, 8, 9]}, 10]),
        ("after", [1, 2, 3, 4, 5, {"a": 6, "b": 7}, 8, -9]),
        ("big", [1, -2, 3]),
        ("small", [-5, 6]),
    ],
)
def test_the_called_side_finds_the_same(library: Library, name: str, given: list[object]) -> None:
    """An Invocation at the first instruction of a function that a Call has entered."""
    found: list[object] = []

    class Entered(Process):
        def run(self, _address: int, *words: int, stack: list[int], wide: bool, place: int) -> Returned:  # noqa: ARG002
            memory = self.allocate(
                b"".join((word & (1 << 64) - 1).to_bytes(8, "little") for word in [0, *stack])
            )
            registers = [word & (1 << 64) - 1 for word in (*words, *[0] * 6)[:6]]
            self.machine.cpu = SimpleNamespace(sp=memory, back=0, pushed=8)
            self.machine.arguments = lambda count: registers[:count]
            self.number = lambda at: int.from_bytes(self.read(at, 8), "little")
            found.extend(Invocation(self, library.prototype(name)).arguments(0))  # type: ignore[arg-type]
            return Returned(0)

    Call(Entered(), library.prototype(name)).run(0, given)  # type: ignore[arg-type]
    assert found == given


class Leaving:
    """A processor that records results of functions."""

    result = 0, 0
    back = 0

    def __init__(self, stack: int) -> None:
        self.sp = stack

    def leave(self, value: int) -> None:
        self.result = value, self.result[1]


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("negated", -12),
        ("wrapped", (1 << 32) - 12),
        ("small", {"a": -5, "b": 6}),
        ("two", {"a": -1, "b": 1 << 62}),
        ("odd", {"a": 1 << 40, "b": 7}),
        ("big", {"a": [1, -2, 3]}),
        ("show", "text"),
        ("null", None),
        ("swap", None),
    ],
)
def test_a_given_result_arrives(library: Library, name: str, result: object) -> None:
    """The result set by a replacement is that of the Call."""

    class Answered(Process):
        def run(self, _address: int, *words: int, stack: list[int], wide: bool, place: int) -> Returned:  # noqa: ARG002
            self.machine.cpu = Leaving(self.allocate(bytes(8)))
            self.machine.arguments = lambda count: [*words, *[0] * 6][:count]
            self.number = lambda _at: 0
            self.data = self.allocate(bytes(TEXTS + TEXT_SIZE))
            Invocation(self, library.prototype(name)).give(result)  # type: ignore[arg-type]
            low, high = self.machine.cpu.result
            return Returned(low & (1 << 64) - 1 | (high << 64 if wide else 0))

    prototype = library.prototype(name)
    call = Call(Answered(), prototype)  # type: ignore[arg-type]
    ended = call.run(0, [{} if it.type.size > 8 else 0 for it in prototype.parameters])
    assert isinstance(ended, Returned)
    assert call.returned(ended) == result
