"""Executed conditional branches: whether they were taken, by the block that ran next.

A block of code that ends with Jcc is followed by its target or by the next instruction; Intel SDM 2, A.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator

    from pymodutils.dwarf.debug_info import DebugInfo

SHORT, NEAR = 2, 6  # bytes of Jcc with a displacement of 8 or of 32 bits
JCC_8, JCC_32, ESCAPE = range(0x70, 0x80), range(0x80, 0x90), 0x0F
CALL_OR_JUMP: Final = (0xE8, 0xE9)  # with a displacement of 32 bits, which may look like a short Jcc
WIDE: Final = 5  # bytes of one


class BlockEdge(NamedTuple):
    """A block of a section, and the offset there of the block that ran next."""

    section: int
    offset: int
    size: int
    after: int


class BranchCount(NamedTuple):
    """How often a branch was taken and not taken; ``address`` is in the layout of DebugInfo."""

    address: int
    taken: int
    passed: int


def branches(module: DebugInfo, edges: Counter[BlockEdge]) -> list[BranchCount]:
    """The branches among ``edges``, by address."""
    counts: dict[int, list[int]] = {}
    for edge, count in edges.items():
        found = _jump(_content(module, edge.section), edge.offset, edge.offset + edge.size)
        if found and edge.after in (found[1], edge.offset + edge.size):
            start = module.bases[edge.section] + found[0]
            counts.setdefault(start, [0, 0])[edge.after != found[1]] += count
    return [BranchCount(at, *taken) for at, taken in sorted(counts.items())]


def _content(module: DebugInfo, section: int) -> bytes:
    found: bytes = module.elf.get_section(section).data() if module.elf else b""
    return found


def _jump(code: bytes, start: int, end: int) -> tuple[int, int] | None:
    """The address and target of the Jcc that ends the block from ``start`` to ``end``; None without one."""
    if end - start >= NEAR and code[end - NEAR] == ESCAPE and code[end - NEAR + 1] in JCC_32:
        return end - NEAR, end + int.from_bytes(code[end - 4 : end], "little", signed=True)
    if end - start >= WIDE and code[end - WIDE] in CALL_OR_JUMP:
        return None
    if end - start >= SHORT and code[end - SHORT] in JCC_8:
        return end - SHORT, end + int.from_bytes(code[end - 1 : end], "little", signed=True)
    return None


def records(found: Iterable[BranchCount], lines: dict[int, int]) -> Iterator[str]:
    """The lines of an .info file; ``lines`` has the line of each address of the source."""
    numbers: dict[int, int] = {}
    counts = []
    for it in found:
        line = lines.get(it.address)
        if line is None:
            continue
        for count in (it.taken, it.passed):
            yield f"BRDA:{line},0,{numbers.get(line, 0)},{count}"
            numbers[line] = numbers.get(line, 0) + 1
            counts.append(count)
    yield f"BRF:{len(counts)}"
    yield f"BRH:{sum(count > 0 for count in counts)}"
