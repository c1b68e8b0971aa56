"""Symbols, places and lines of a module that gcc has compiled, at made-up addresses."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pymodutils.errors import NotFound
from pymodutils.kernel.booted.module import LiveModule
from tests.kernel.booted.conftest import offsets

TEXT, DATA, INIT = 0xFFFF_FFFF_C000_0000, 0xFFFF_FFFF_C000_4000, 0xFFFF_FFFF_C000_8000


@pytest.fixture
def module(path: Path) -> LiveModule:
    known = {"sample:counter": DATA + 0, "sample:add": TEXT + offsets(path)["add"]}
    kernel: Any = SimpleNamespace(guest=SimpleNamespace(lookup=lambda name: known.get(name, 0)), btf=None)
    return LiveModule(kernel, "sample", str(path))


def test_addresses_of_a_section_by_one_of_its_symbols(module: LiveModule, path: Path) -> None:
    known = offsets(path)
    names = ("first", "add", "use")
    assert [module.address(name) for name in names] == [TEXT + known[name] for name in names]
    assert module.address("counter") == DATA
    assert module.section(".text") == TEXT


def test_the_init_part_is_there_while_it_is_known(module: LiveModule) -> None:
    with pytest.raises(NotFound, match="set_up is no longer in memory"):
        module.address("set_up")
    with pytest.raises(NotFound, match=r"sample has no section \.init\.text in memory"):
        module.section(".init.text")
    module.init_at(INIT)
    assert module.address("set_up") == INIT
    assert module.where(INIT) == "set_up, sample.c:10"


def test_places_end_with_their_section(module: LiveModule) -> None:
    module.locate()
    size = module.file.sizes[module.file.sections[".text"]]
    text = module.file.sections[".text"]
    assert module.place(TEXT) == (text, 0)
    assert module.place(TEXT + size - 1) == (text, size - 1)
    assert module.place(TEXT + size) is None
    assert module.place(TEXT - 1) is None
    assert module.where(TEXT - 1) == ""


def test_lines_of_the_source(module: LiveModule, path: Path) -> None:
    module.locate()
    start = offsets(path)["add"]
    listed = {module.where(TEXT + start + at) for at in range(offsets(path)["use"] - start)}
    assert {"add, sample.c:5", "add, sample.c:6"} <= listed
    texts = {module.line("add", at) for at in range(offsets(path)["use"] - start)}
    assert {"(sample.c:5: counter += a;)", "(sample.c:6: return counter;)"} <= texts
    assert module.line("none", 0) == ""


def test_why_a_function_is_missing(module: LiveModule) -> None:
    with pytest.raises(NotFound, match="has no twice: the compiler inlined it: mark it noinline"):
        module.address("twice")
    with pytest.raises(NotFound, match=r"has no frist.*first"):
        module.address("frist")
