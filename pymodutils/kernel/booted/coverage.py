"""Line and branch coverage of modules in lcov's format, for genhtml and other readers of .info files."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.dwarf.debug_info import DebugInfo
from pymodutils.kernel.booted.branches import BlockEdge, branches, records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.kernel.booted.module import ModuleHost

LONGEST: Final = 4096  # bytes of code per row of a line table


class Span(NamedTuple):
    """A contiguous piece of executed code: bytes of a section of a file."""

    section: int
    offset: int
    size: int


class Coverage:
    """Executed code of modules; ``spans`` has the counts by module file."""

    def __init__(self) -> None:
        self.spans: dict[str, Counter[Span]] = {}
        self.edges: dict[str, Counter[BlockEdge]] = {}
        self._blocks: Counter[tuple[int, int]] = Counter()
        self._pairs: Counter[tuple[int, int, int]] = Counter()  # address and size of one, address of the next
        self._last = 0, 0

    def attach(self, kernel: ModuleHost) -> None:
        """Listen to ``kernel``."""
        machine = kernel.guest.machine
        machine.cpu.watch_blocks(machine.modules.start, machine.modules.stop, self._ran)

    def _ran(self, address: int, size: int) -> None:
        self._blocks[address, size] += 1
        self._pairs[*self._last, address] += 1
        self._last = address, size

    def harvest(self, kernel: ModuleHost) -> None:
        """Attribute the executed blocks to modules, before these are removed."""
        for (address, size), count in self._blocks.items():
            for module in kernel.located:
                place = module.place(address)
                if place:
                    self.spans.setdefault(module.path, Counter())[Span(*place, size)] += count
                    break
        for (address, size, after), count in self._pairs.items():
            for module in kernel.located:
                place, following = module.place(address), module.place(after)
                if place and following and place[0] == following[0]:
                    edges = self.edges.setdefault(module.path, Counter())
                    edges[BlockEdge(*place, size, following[1])] += count
                    break
        self._blocks.clear()
        self._pairs.clear()

    def lcov(self) -> str:
        """The text of an .info file."""
        return "".join(
            f"TN:\n{record}end_of_record\n" for path in self.spans for record in self._records(path)
        )

    def lines(self, path: str) -> dict[str, dict[int, int]]:
        """Source -> line -> execution count for the module file ``path``, without headers."""
        module, found = DebugInfo.read(path), dict[str, dict[int, int]]()
        counts = self._counts(module, path)
        rows = module.lines
        for row, after in pairwise(rows):
            if row.file in module.sources and row.address < after.address <= row.address + LONGEST:
                ran = max(counts.get(at, 0) for at in range(row.address, after.address))
                lines = found.setdefault(row.file, {})
                lines[row.number] = max(lines.get(row.number, 0), ran)
        return found

    def _counts(self, module: DebugInfo, path: str) -> dict[int, int]:
        """The execution count of each executed byte, by address in ``module``."""
        found: dict[int, int] = {}
        for span, count in self.spans.get(path, {}).items():
            start = module.bases[span.section] + span.offset
            for at in range(start, start + span.size):
                found[at] = found.get(at, 0) + count
        return found

    def _records(self, path: str) -> Iterator[str]:
        module = DebugInfo.read(path)
        counts = self._counts(module, path)
        for file, lines in self.lines(path).items():
            record = (*_record(module, path, file, lines, counts), *self._branches(module, path, file))
            yield "".join(f"{line}\n" for line in record)

    def _branches(self, module: DebugInfo, path: str, file: str) -> Iterator[str]:
        """The lines of an .info file about the branches in ``file``."""
        found = branches(module, self.edges.get(path, Counter()))
        rows = [(row.address, row.file, row.number) for row in module.lines]
        places = ((it.address, rows[bisect_right(rows, (it.address, "\uffff")) - 1]) for it in found)
        yield from records(found, {address: row[2] for address, row in places if row[1] == file})


def _record(
    module: DebugInfo, path: str, file: str, lines: dict[int, int], counts: dict[int, int]
) -> Iterator[str]:
    """The record of a source file; see geninfo(1)."""
    beside = os.path.join(os.path.dirname(os.path.abspath(path)), file)
    yield f"SF:{beside if os.path.exists(beside) else module.sources[file]}"
    starts = {row.address: row.number for row in reversed(module.lines) if row.file == file}
    functions = [(starts[at], name, counts.get(at, 0)) for at, _, name in module.functions if at in starts]
    yield from (f"FN:{line},{name}" for line, name, _ in functions)
    yield from (f"FNDA:{count},{name}" for _, name, count in functions)
    yield f"FNF:{len(functions)}"
    yield f"FNH:{sum(count > 0 for *_, count in functions)}"
    yield from (f"DA:{line},{count}" for line, count in sorted(lines.items()))
    yield f"LF:{len(lines)}"
    yield f"LH:{sum(count > 0 for count in lines.values())}"
