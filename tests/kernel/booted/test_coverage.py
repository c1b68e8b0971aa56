"""Records of what ran of a compiled module, as geninfo(1) describes them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pymodutils.dwarf.debug_info import DebugInfo
from pymodutils.kernel.booted.branches import BlockEdge
from pymodutils.kernel.booted.coverage import Coverage, Span
from tests.kernel.booted.conftest import offsets

TEXT = 0xFFFF_FFFF_C000_0000
OTHER = 0xFFFF_FFFF_C100_0000


def ran(path: Path, *pieces: tuple[int, int, int]) -> Coverage:
    """Offset and size of code in .text, and how often it ran."""
    text = DebugInfo.read(str(path)).sections[".text"]
    coverage = Coverage()
    coverage.spans[str(path)] = Counter({Span(text, at, size): count for at, size, count in pieces})
    return coverage


def test_lines_and_functions(path: Path) -> None:
    known = offsets(path)
    body = known["use"] - known["add"]
    found = ran(path, (known["add"], body, 2), (known["add"], 1, 1)).lcov().splitlines()
    assert found[:2] == ["TN:", f"SF:{path.with_suffix('.c')}"]
    assert [line for line in found if line.startswith("FN:")] == [
        "FN:2,first", "FN:4,add", "FN:9,use", "FN:10,set_up",
    ]  # fmt: skip
    assert [line for line in found if line.startswith("FNDA:")] == [
        "FNDA:0,first", "FNDA:3,add", "FNDA:0,use", "FNDA:0,set_up",
    ]  # fmt: skip
    assert {"FNF:4", "FNH:1", "LF:8", "LH:4"} <= set(found)
    lines = [line for line in found if line.startswith("DA:")]
    assert lines == ["DA:2,0", "DA:4,3", "DA:5,2", "DA:6,2", "DA:7,2", "DA:8,0", "DA:9,0", "DA:10,0"]
    assert found[-1] == "end_of_record"


def test_one_byte_of_a_line_is_enough(path: Path) -> None:
    known = offsets(path)
    lines = ran(path, (known["use"] - 1, 1, 4)).lines(str(path))
    assert {number: count for number, count in lines["sample.c"].items() if count} == {7: 4}


class Module:
    """One at ``base``."""

    def __init__(self, path: str, base: int) -> None:
        self.path, self.base = path, base

    def place(self, address: int) -> tuple[int, int] | None:
        return (1, address - self.base) if 0 <= address - self.base < 0x1000 else None


@pytest.fixture
def kernel() -> Any:
    cpu: Any = SimpleNamespace(watch_blocks=lambda *asked: setattr(cpu, "asked", asked))
    machine = SimpleNamespace(cpu=cpu, modules=range(TEXT, OTHER + 0x1000))
    located = [Module("a.ko", TEXT), Module("b.ko", OTHER)]
    return SimpleNamespace(guest=SimpleNamespace(machine=machine), located=located, cpu=cpu)


def test_blocks_belong_to_the_module_that_has_them(kernel: Any) -> None:
    coverage = Coverage()
    coverage.attach(kernel)
    start, stop, block = kernel.cpu.asked
    assert (start, stop) == (TEXT, OTHER + 0x1000)
    for address, size in (
        (TEXT, 8),
        (TEXT + 8, 4),
        (OTHER, 16),
        (TEXT, 8),
        (TEXT + 8, 4),
        (TEXT + 0x1000, 4),
    ):
        block(address, size)
    coverage.harvest(kernel)
    coverage.harvest(kernel)  # nothing is counted twice
    assert coverage.spans == {
        "a.ko": {Span(1, 0, 8): 2, Span(1, 8, 4): 2},
        "b.ko": {Span(1, 0, 16): 1},
    }
    assert coverage.edges == {"a.ko": {BlockEdge(1, 0, 8, 8): 2}}
