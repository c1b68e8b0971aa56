"""depmod of a whole Debian tree, compared with kmod's: plain and compressed, full and incremental."""

from __future__ import annotations

import lzma
import os
import time
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.pairs import Before, compare, measure
from benchmarks.places import evict, own
from benchmarks.rows import Row
from tests.oracles.kmod import kmod30, kmod34
from tests.oracles.trees import Tree, copied, tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PEERS = {"kmod 30": kmod30, "kmod 34": kmod34}
SETTLED = 3  # seconds after which a file's time stamps can be trusted
CHANGED = "kernel/fs/fat/fat.ko"  # exports symbols, and others need it
EXPORT = b"__crc_fat_get_dotdot_entry"
RENAMED = b"__crc_fat_put_dotdot_entry"


class Bench(NamedTuple):
    """Our depmod and a peer's, each on a tree of its own."""

    ours: list[str]
    theirs: list[str]
    mine: Tree
    other: Tree


def rows(programs: Path) -> Iterator[Row]:
    """The lines of the table about depmod."""
    plain = tree("amd64")
    for peer, wall, cpu, peak in (("kmod 30", 0.52, 0.88, 0.52), ("kmod 34", 0.62, 0, 0)):
        bench = _bench(programs, plain, peer)
        measured = compare(bench.ours, bench.theirs, pairs=11)
        yield Row("depmod, 4,022 modules", peer, measured, wall, cpu, peak)
    for suffix, wall in (("zst", 0.62), ("xz", 0.53)):
        bench = _bench(programs, copied(plain, suffix), "kmod 30")
        pairs = 5 if suffix == "xz" else 9
        yield Row(f"depmod, all .{suffix}", "kmod 30", compare(bench.ours, bench.theirs, pairs=pairs), wall)
    bench = _bench(programs, plain, "kmod 30")
    measured = compare(
        bench.ours,
        bench.theirs,
        pairs=7,
        before=lambda: evict(bench.mine),
        before_theirs=lambda: evict(bench.other),
    )
    yield Row("depmod, pages evicted", "kmod 30", measured, 0.72)
    yield from _incremental(programs, plain, "", (0.11, 0.23, 0.48))
    yield from _incremental(programs, copied(plain, "xz"), ".xz", (0.017, 0.036, 0.063))


def _incremental(
    programs: Path, source: Tree, suffix: str, targets: tuple[float, float, float]
) -> Iterator[Row]:
    bench = _bench(programs, source, "kmod 30")
    cached = [*bench.ours, "--cache", str(bench.mine.root / "facts")]
    for _ in range(2):  # the first fills the cache; its stamps are trusted when they have settled
        time.sleep(SETTLED)
        measure(cached)
    changes: dict[str, Before] = {
        "nothing changed": lambda: None,
        "one module changed": lambda: _replace(bench.mine, source, suffix),
        "one module with new exports": lambda: _rename_export(bench.mine, suffix),
    }
    pairs = 5 if suffix else 9
    for (change, before), wall in zip(changes.items(), targets, strict=True):
        measured = compare(cached, bench.theirs, pairs=pairs, before=before, before_theirs=lambda: None)
        yield Row(f"depmod, {suffix or 'plain'}, {change}", "kmod 30, full", measured, wall)


def _bench(programs: Path, source: Tree, peer: str) -> Bench:
    mine, other = own(source, "ours"), own(source, "theirs")
    ours = [str(programs / "depmod"), "-b", str(mine.root), mine.version]
    theirs = [*PEERS[peer]("depmod"), "-b", str(other.root), other.version]
    return Bench(ours, theirs, mine, other)


def _replace(mine: Tree, source: Tree, suffix: str) -> None:
    """Put a new file with the same contents in the module's place."""
    _write(mine, suffix, (source.modules / (CHANGED + suffix)).read_bytes())


def _rename_export(mine: Tree, suffix: str) -> None:
    """Rename one exported symbol, and back."""
    now = (mine.modules / (CHANGED + suffix)).read_bytes()
    plain = lzma.decompress(now) if suffix else now
    names = (EXPORT, RENAMED) if EXPORT in plain else (RENAMED, EXPORT)
    changed = plain.replace(*names)
    _write(mine, suffix, lzma.compress(changed, check=lzma.CHECK_CRC32) if suffix else changed)


def _write(mine: Tree, suffix: str, data: bytes) -> None:
    path = mine.modules / (CHANGED + suffix)
    new = path.with_name("new")
    new.write_bytes(data)
    os.replace(new, path)
