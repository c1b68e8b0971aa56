"""Commands on an emulated kernel, compared with importing click or unpacking an image.

All modules in one process are compared with the largest one alone, by the number of relocations.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.describe import unpacking
from benchmarks.pairs import Run, compare, measure, ratio
from benchmarks.rows import Row
from pymodutils.elf.constants import SHF_ALLOC, SHT_RELA
from pymodutils.elf.scan import Elf
from tests.link.modules import in_order, paths
from tests.oracles.kernels import kernel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CLICK = "`python -c 'import click'`"
INSMOD, IMAGE, SAVED, ALL, MEMORY = 3, 3, 4, 2, 1.5
PAIRS, LONG_PAIRS = 21, 2
MILLION = 1_000_000
RELA = 24  # bytes of an entry
LOADING = """
import gc, sys
from pymodutils.kernel.emulated.kernel import EmulatedKernel
gc.disable()
kernel = EmulatedKernel.open(sys.argv[1])
for line in sys.stdin:
    kernel.insert(line.rstrip(), "")
"""


def rows(programs: Path) -> Iterator[Row]:
    """Measure insmod of ext4, and booting a kernel from an image and from its description."""
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
        yield _everything(programs, saved)


def _everything(programs: Path, saved: Path) -> Row:
    """All modules of the tree, and amdgpu with its dependencies, in seconds per million relocations."""
    every, largest = (in_order("amd64", names) for names in (paths("amd64"), ["amdgpu"]))
    runs = [tuple(_load(programs, saved, files) for files in (every, largest)) for _ in range(LONG_PAIRS)]
    work = "load 4,022 modules in one process, a million relocations"
    return Row(work, "amdgpu and what it needs", ratio([(a, b) for a, b in runs]), wall=ALL, peak=MEMORY)


def _load(programs: Path, saved: Path, files: Sequence[Path]) -> Run:
    state, listed = saved.with_name("all.state"), saved.with_name("listed")
    command = [str(programs / "pymodutils"), "kernel", "boot", str(state), "--from", str(saved)]
    subprocess.run(command, check=True, capture_output=True)
    listed.write_text("".join(f"{path}\n" for path in files))
    line = f'exec "{programs}/python" -c "$0" "{state}" < "{listed}"'
    found = measure(["sh", "-c", line, LOADING])
    millions = sum(map(relocations, files)) / MILLION
    return Run(found.wall / millions, found.cpu / millions, found.peak)


def relocations(path: Path) -> int:
    """The number of relocations in ``path`` for loaded sections."""
    sections = Elf(path.read_bytes()).sections
    tables = (section for section in sections if section.sh_type == SHT_RELA)
    return sum(table.sh_size // RELA for table in tables if sections[table.sh_info].sh_flags & SHF_ALLOC)
