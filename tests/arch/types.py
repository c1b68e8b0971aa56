"""Names of relocation types by number, as readelf prints them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from pymodutils.arch import every, historic, of_machine
from pymodutils.arch.model import Arch
from tests.arch import keep
from tests.link.objects import Part, Rel, Sym, make
from tests.oracles.debian import Unavailable

KEPT = "types"
UNKNOWN = "unrecognized:"  # by readelf: hexagon, and what is newer than it
NUMBERS = 256  # of a byte of r_info, and beyond it for 64-bit machines
MORE = 1024
ROW = re.compile(rf"^[0-9a-f]{{8,}} +[0-9a-f]{{8,}} +(R_\w+|{UNKNOWN})", re.MULTILINE)
ARCHS = [*every(), *(arch for machine in historic.MODULES for arch in of_machine(machine))]


def name(arch: Arch) -> str:
    """What the types of ``arch`` are kept as."""
    return f"{arch.name} {arch.bits} {arch.order}"


def printed(arch: Arch, folder: Path) -> dict[str, str]:
    """The name of each number that readelf knows."""
    if not shutil.which("readelf"):
        raise Unavailable("no readelf (package binutils)")
    numbers = range(NUMBERS if arch.bits == 32 or arch.r_info else MORE)
    rows = [Rel(8 * number, number, 1) for number in numbers]
    path = folder / "types.o"
    path.write_bytes(make(arch, [Part(".text", bytes(8 * len(rows)))], [Sym("s")], {1: rows}))
    shown = subprocess.run(["readelf", "-rW", path], capture_output=True, text=True, check=True).stdout
    found = zip(map(str, numbers), ROW.findall(shown), strict=True)
    return {number: type_ for number, type_ in found if type_ != UNKNOWN}


def kept(arch: Arch) -> dict[int, str]:
    """The same, as stored."""
    found: dict[str, str] = keep.read(KEPT)[name(arch)]
    return {int(number): type_ for number, type_ in found.items()}
