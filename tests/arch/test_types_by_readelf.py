"""Names and numbers of relocation types as readelf prints them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pymodutils.arch import every, historic, of_machine
from pymodutils.arch.model import Arch
from tests.link.objects import Part, Rel, Sym, make
from tests.oracles.debian import Unavailable

OTHERWISE = {  # where the kernel has another name
    "R_AARCH64_NONE": "R_ARM_NONE",
    "R_AARCH64_NULL": "R_AARCH64_NONE",
    "R_PARISC_DLTIND21L": "R_PARISC_LTOFF21L",
    "R_PARISC_DLTIND14R": "R_PARISC_LTOFF14R",
}
ANY = ("R_LARCH ", "R_NDS32_RELA_NOP")  # rows that stand for several numbers
UNKNOWN = "unrecognized:"  # by readelf: hexagon, and what is newer than it
SLOTS = 256  # ia64 has the slot of an instruction above the number
ROW = re.compile(rf"^[0-9a-f]{{8,}} +[0-9a-f]{{8,}} +(R_\w+|{UNKNOWN})", re.MULTILINE)
ARCHS = [*every(), *(arch for machine in historic.MODULES for arch in of_machine(machine))]


@pytest.mark.parametrize("arch", ARCHS, ids=lambda arch: f"{arch.name} {arch.bits} {arch.order}")
def test_each_type_has_its_number(arch: Arch, tmp_path: Path) -> None:
    if not shutil.which("readelf"):
        raise Unavailable("no readelf (package binutils)")
    numbers = [number for number in arch.relocs if arch.name != "ia64" or number < SLOTS]
    rows = [Rel(8 * at, number, 1) for at, number in enumerate(numbers)]
    path = tmp_path / "types.o"
    path.write_bytes(make(arch, [Part(".text", bytes(8 * len(rows)))], [Sym("s")], {1: rows}))
    printed = subprocess.run(["readelf", "-rW", path], capture_output=True, text=True, check=True).stdout
    found = [OTHERWISE.get(name, name) for name in ROW.findall(printed)]
    expected = [arch.relocs[number].name for number in numbers]
    pairs = zip(numbers, expected, found, strict=True)
    assert [row for row in pairs if row[1] != row[2] != UNKNOWN and not row[1].startswith(ANY)] == []
