"""Functions that a kernel lacks, made in a page of memory; struct kernel_symbol has offsets to itself."""

from __future__ import annotations

from struct import unpack
from typing import Any

import pytest

from pymodutils.elf.ctype import Integer, Member, Pointer, Struct
from pymodutils.errors import BadKernel
from pymodutils.kernel.booted import stubs
from pymodutils.kernel.booted.stubs import Stubs
from tests.kernel.booted.fake import DATA, MODULE, Kernel

PAGE = MODULE + 0x1000
CHAR = Integer("char", 1, signed=True, character=True)
BOOL = Integer("_Bool", 1, signed=False, boolean=True)
ASKED = Struct(  # struct find_symbol_arg, without what is not used here
    "struct", "find_symbol_arg", 24,
    lambda: [
        Member("name", Pointer(lambda: CHAR), 0),
        Member("gplok", BOOL, 8),
        Member("sym", Pointer(lambda: CHAR), 16),
    ],
)  # fmt: skip
QUESTION = DATA + 0x100


@pytest.fixture
def kernel() -> Any:
    made: Any = Kernel({"find_symbol": "fsa", "module_alloc": "size"})
    made.calls = []
    made.guest.call = lambda *words: made.calls.append(words) or (PAGE if words[0] == "module_alloc" else 1)
    made.guest.address = made.names.__getitem__
    made.cpu.flush = lambda: None
    made.cpu.watched = lambda watch: watch[1] in made.cpu.watches[watch[0]]
    made.space.string = lambda at: made.space.read(at, 128).split(b"\0")[0]
    return made


def asks(kernel: Any, name: str) -> tuple[int | None, int]:
    """The answer of find_symbol() for ``name`` without running, and the symbol found."""
    kernel.space.write(QUESTION + 0x80, name.encode() + b"\0")
    kernel.space.write(QUESTION, (QUESTION + 0x80).to_bytes(8, "little") + bytes(16))
    return kernel.enter("find_symbol", QUESTION), kernel.space.number(QUESTION + 16)


def test_a_stub_is_found_as_an_export(kernel: Any) -> None:
    made = Stubs(kernel.guest, ASKED)
    places = [made.make(name) for name in ("one", "two", "one")]
    assert places == [PAGE + 16, PAGE + 48, PAGE + 16]
    assert kernel.calls == [("module_alloc", 4096), ("set_memory_ro", PAGE, 1), ("set_memory_x", PAGE, 1)]
    for name, place in (("one", places[0]), ("two", places[1])):
        result, symbol = asks(kernel, name)
        assert result == 1
        assert symbol + unpack("<i", kernel.space.read(symbol, 4))[0] == place
        assert kernel.space.read(place, 2) == b"\x0f\x0b"  # ud2
    assert asks(kernel, "three") == (None, 0)


def test_a_function_that_is_not_exported_is_found_itself(kernel: Any) -> None:
    made = Stubs(kernel.guest, ASKED)
    function = PAGE - 0x50_0000
    assert made.make("hidden", function) == function
    _, symbol = asks(kernel, "hidden")
    assert symbol + unpack("<i", kernel.space.read(symbol, 4))[0] == function


def test_a_page_has_128(kernel: Any) -> None:
    made = Stubs(kernel.guest, ASKED)
    for number in range(128):
        made.make(f"f{number}")
    with pytest.raises(BadKernel, match="no room for a stub of more: 128 are in use"):
        made.make("more")


def test_what_memory_has_is_known_again(kernel: Any) -> None:
    made = Stubs(kernel.guest, ASKED)
    made.make("one")
    before = dict(made.made)
    made.make("two")
    made.restore(before, kernel.guest)
    assert asks(kernel, "one")[0] == 1
    assert asks(kernel, "two") == (None, 0)
    assert made.make("three") == PAGE + 48


def test_a_kernel_without_an_allocator(kernel: Any) -> None:
    del kernel.names["module_alloc"]
    with pytest.raises(BadKernel, match="this kernel has no module_alloc or execmem_alloc"):
        Stubs(kernel.guest, ASKED).make("one")


def test_exports_are_asked_of_the_kernel(kernel: Any) -> None:
    made = Stubs(kernel.guest, ASKED)
    name = "n" * 200
    assert made.exported(name)
    function, place = kernel.calls[-1]
    assert (function, place) == ("find_symbol", DATA + stubs.QUESTION)
    assert kernel.space.string(kernel.space.number(place)) == b"n" * 127
    assert kernel.space.read(place + 8, 1) == b"\1"
    kernel.guest.call = lambda *_: 0x100  # a bool: only its byte counts
    assert not made.exported(name)
