"""Conditional jumps at the end of a block, as Intel's manual encodes them; their records as lcov has them."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest

from pymodutils.kernel.booted.branches import BlockEdge, BranchCount, branches, records

BASE = 0x1000  # of the section in DebugInfo


def counted(code: str, start: int, taken_to: int, times: tuple[int, int]) -> list[BranchCount]:
    """The branches of a block from ``start`` to the end of ``code``, taken and not taken ``times``."""
    data = bytes.fromhex(code)
    section = SimpleNamespace(data=lambda: data)
    module = SimpleNamespace(elf=SimpleNamespace(get_section=lambda _number: section), bases={3: BASE})
    edges = {taken_to: times[0], len(data): times[1]}
    found = Counter(
        {BlockEdge(3, start, len(data) - start, at): count for at, count in edges.items() if count}
    )
    return branches(module, found)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "start", "target", "at"),
    [
        ("85c0 7405", 0, 9, 2),  # test %eax, %eax; je .+7
        ("85c0 75fc", 0, 0, 2),  # jne, back
        ("90 7002", 1, 5, 1),  # jo: the first; the block has nothing else
        ("90 7f10", 0, 19, 1),  # jg: the last
        ("85c0 0f8400010000", 0, 0x108, 2),  # je with 32 bits
        ("0f8ffaffffff", 0, 0, 0),  # jg, to itself
        ("0f8000000000 90 0f8002000000", 6, 15, 7),  # jo
    ],
)
def test_a_jump_is_found(code: str, start: int, target: int, at: int) -> None:
    assert counted(code, start, target, (4, 3)) == [BranchCount(BASE + at, 4, 3)]


@pytest.mark.parametrize(
    "code",
    [
        "85c0 6f05",  # below jo
        "85c0 8005",  # above jg
        "e8 00007405",  # call: its displacement looks like je
        "e9 00007405",  # jmp
        "0f9400010000",  # sete
        "0f7f00010000",  # movq
        "c3",
    ],
)
def test_what_is_no_jump(code: str) -> None:
    end = len(bytes.fromhex(code))
    assert counted(code, 0, end + 5, (1, 1)) == []


def test_a_jump_needs_its_bytes_in_the_block() -> None:
    assert counted("0f8405000000", 2, 11, (1, 1)) == []
    assert counted("7405", 1, 7, (1, 1)) == []


def test_another_successor_is_no_branch() -> None:
    assert counted("85c0 7405", 0, 50, (2, 0)) == []  # an interrupt


def test_records_of_lcov() -> None:
    """geninfo(1): BRDA:<line>,<block>,<branch>,<taken>, then BRF: found, BRH: hit."""
    found = [BranchCount(16, 3, 0), BranchCount(24, 0, 1), BranchCount(32, 5, 5), BranchCount(40, 1, 1)]
    assert list(records(found, {16: 7, 24: 7, 40: 9})) == [
        "BRDA:7,0,0,3",
        "BRDA:7,0,1,0",
        "BRDA:7,0,2,0",
        "BRDA:7,0,3,1",
        "BRDA:9,0,0,1",
        "BRDA:9,0,1,1",
        "BRF:6",
        "BRH:4",
    ]
