"""The longest path of a command, from insmod to a relocation, as docs/design.md draws it."""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path
from types import FrameType

from pymodutils import cli
from tests.kernel.emulated.modules import kernel, module

PACKAGE = Path(cli.__file__).parent
COMPREHENSIONS = ("<listcomp>", "<genexpr>")  # frames of their own up to Python 3.11
WAY = """
cli.py run
commands/getopt.py call
commands/insmod.py command
commands/insmod.py insert
kernel/handover.py insert
kernel/emulated/kernel.py finit_module
kernel/emulated/kernel.py _load
kernel/emulated/load/load_module.py load_module
kernel/emulated/load/apply_relocations.py relocations
link/relocate.py relocate
link/relocate.py _apply
link/apply_fast.py apply
link/apply_fast.py _patch
link/apply_fast.py _values
arch/calc.py s_a_p
"""


def way(frame: FrameType | None) -> list[str]:
    """File and function of each frame of the package, the outermost first."""
    found = []
    while frame:
        path, name = Path(frame.f_code.co_filename), frame.f_code.co_name
        if path.is_relative_to(PACKAGE) and name not in COMPREHENSIONS:
            found.append(f"{path.relative_to(PACKAGE)} {name}")
        frame = frame.f_back
    return found[::-1]


def test_to_a_relocation(tmp_path: Path) -> None:
    state, file, found = str(tmp_path / "k.state"), tmp_path / "made.ko", list[list[str]]()
    kernel(state)
    file.write_bytes(module())

    def watch(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_name == "s_a_p":
            found.append(way(frame))

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        cli.run("insmod", "insmod", cli.TOOLS["insmod"], ["--backend", f"emulated:{state}", str(file)])
    finally:
        sys.setprofile(before)
    assert WAY.split("\n")[1:-1] in found
    files = [name for name, _ in groupby(line.partition(" ")[0] for line in found[0])]
    assert len(files) == len({*files})  # none is entered again
