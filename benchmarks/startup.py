"""Small commands, as multiples of ``python -c pass``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.pairs import compare
from benchmarks.rows import Row
from tests.oracles.trees import Tree, linked, tree

if TYPE_CHECKING:
    from collections.abc import Iterator

PAIRS = 41
TARGET = 4.5
# as call_modprobe of the kernel: an environment of its own, and no standard input, output and error
KERNEL = [
    "sh",
    "-c",
    'exec env -i HOME=/ TERM=linux PATH=/sbin:/usr/sbin:/bin:/usr/bin "$@" <&- >&- 2>&-',
    "sh",
]


def rows(programs: Path) -> Iterator[Row]:
    """Measure modinfo -F, lsmod and modprobe -n (as the kernel starts it, too) against an empty Python."""
    found = tree("uml")
    nothing = [str(programs / "python"), "-c", "pass"]
    with tempfile.TemporaryDirectory() as folder:
        root = _machine(Path(folder), found)
        commands = {
            "modinfo -F": ["modinfo", "-F", "license", str(found.modules / "kernel/drivers/net/dummy.ko")],
            "lsmod": ["lsmod", "--sysroot", root],
            "modprobe -n": ["modprobe", "-n", "--sysroot", root, "vfat"],
        }
        for name, (program, *words) in commands.items():
            measured = compare([str(programs / program), *words], nothing, pairs=PAIRS)
            yield Row(f"start-up: {name}", "`python -c pass`", measured, wall=TARGET)
        asked = [str(programs / "modprobe"), "-n", "--sysroot", root, "-q", "--", "fs-vfat"]
        measured = compare([*KERNEL, *asked], [*KERNEL, *nothing], pairs=PAIRS)
        yield Row("start-up: modprobe -n by the kernel", "`python -c pass`", measured, wall=TARGET)


def _machine(root: Path, found: Tree) -> str:
    linked(found, root)
    (root / "proc/sys/kernel").mkdir(parents=True)
    (root / "proc/sys/kernel/osrelease").write_text(found.version + "\n")
    (root / "proc/modules").write_text("fat 86016 1 vfat, Live 0x0\nvfat 20480 0 - Live 0x0\n")
    return str(root)
