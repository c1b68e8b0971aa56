"""Link the largest module, compared with GNU ld."""

from __future__ import annotations

import gc
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import pairs
from benchmarks.rows import Row
from tests import memory
from tests.link.modules import Linked, linked, paths, placings
from tests.oracles import ld

if TYPE_CHECKING:
    from collections.abc import Iterator

PAIRS, TARGET = 9, 8


def rows(_: Path) -> Iterator[Row]:
    """amdgpu.ko: 320 thousand relocations."""
    path = paths("amd64")["amdgpu"]
    data = path.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        made = linked(data)
        theirs = ld.command(Path(folder), data, placings(made), made.imports)
        del made
        runs = [(_here(data), pairs.measure(theirs)) for _ in range(PAIRS)]
        yield Row("link amdgpu.ko", "GNU ld, a whole process", pairs.ratio(runs), wall=TARGET)


def _here(data: bytes) -> pairs.Run:
    gc.collect()
    gc.disable()  # as the tools do
    wall, cpu = time.perf_counter(), time.process_time()
    made: Linked | None = linked(data)
    spent = pairs.Run(time.perf_counter() - wall, time.process_time() - cpu, memory.peak())
    del made
    gc.enable()
    return spent
