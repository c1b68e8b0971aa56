"""The tools that read depmod's files, compared with kmod's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.pairs import compare, measure
from benchmarks.places import own
from benchmarks.rows import Row
from tests.oracles.kmod import kmod30
from tests.oracles.trees import copied, tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def rows(programs: Path) -> Iterator[Row]:
    """Measure modinfo of every module in one call, and modprobe -c."""
    plain = tree("amd64")
    for name, source, wall in (("plain", plain, 1.0), (".xz", copied(plain, "xz"), 0.60)):
        files = sorted(map(str, source.modules.rglob("*.ko*")))
        ours, theirs = [str(programs / "modinfo"), *files], [*kmod30("modinfo"), *files]
        pairs = 9 if name == "plain" else 5
        yield Row(f"modinfo, all 4,022, {name}", "kmod 30", compare(ours, theirs, pairs=pairs), wall)
    mine = own(plain, "readers")
    measure([*kmod30("depmod"), "-b", str(mine.root), mine.version])
    words = ["-c", "-d", str(mine.root), "-S", mine.version]
    measured = compare([str(programs / "modprobe"), *words], [*kmod30("modprobe"), *words], pairs=21)
    yield Row("modprobe -c", "kmod 30", measured, 3)
