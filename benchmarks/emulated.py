"""An emulated kernel at work, a whole process each, beside importing click or unpacking an image."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.describe import unpacking
from benchmarks.pairs import compare
from benchmarks.rows import Row
from tests.link.modules import in_order
from tests.oracles.kernels import kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

CLICK = "`python -c 'import click'`"
INSMOD, IMAGE, SAVED = 3, 3, 4
PAIRS = 21


def rows(programs: Path) -> Iterator[Row]:
    """Measure insmod of ext4, and making a kernel from an image and from what was saved of it."""
    with tempfile.TemporaryDirectory() as name:
        folder, image = Path(name), kernel("amd64").image
        tool, state, saved = str(programs / "pymodutils"), folder / "k.state", folder / "k.json"
        boot = [tool, "kernel", "boot", str(state), "--from"]
        click = [str(programs / "python"), "-c", "import click"]
        measured = compare([*boot, str(image)], unpacking("amd64", folder))
        yield Row("kernel boot: amd64", "`xz -dc`", measured, wall=IMAGE)
        describe = [tool, "kernel", "describe", str(image), "-o", str(saved)]
        subprocess.run(describe, check=True, capture_output=True)
        measured = compare([*boot, str(saved)], click, pairs=PAIRS)
        yield Row("kernel boot: saved", CLICK, measured, wall=SAVED)
        *needed, ext4 = map(str, in_order("amd64", ["ext4"]))
        insmod = [tool, "insmod", "--backend", f"emulated:{state}"]
        for path in needed:
            subprocess.run([*insmod, path], check=True)
        ready = shutil.copy(state, folder / "ready")
        measured = compare([*insmod, ext4], click, pairs=PAIRS, before=lambda: shutil.copy(ready, state))
        yield Row("insmod of ext4, emulated", CLICK, measured, wall=INSMOD)
