"""Real modules of other machines, linked by GNU ld and by us at the same addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodutils.arch.mips import ARCHS
from pymodutils.arch.model import Arch
from pymodutils.elf import compress
from pymodutils.elf.scan import Elf
from tests.link.modules import linked, placings
from tests.link.test_against_ld import differing
from tests.oracles import ld
from tests.oracles.kernels import kernel

CHOSEN = "ext4 fat vfat dummy loop tun jbd2 nls_utf8 crc16 usbcore sunrpc btrfs xfs nf_tables e1000"
REWRITTEN = {".reginfo", ".MIPS.options", ".MIPS.abiflags"}  # ld makes its own
_, MIPS32_LITTLE, _, MIPS64_LITTLE = ARCHS
SEGMENT = 0xFFFF_FFFF_0000_0000
MACHINES = {
    "mipsel": (MIPS32_LITTLE, "elf32ltsmip", 0xC000_0000, 0x8010_0000),
    "mips64el": (MIPS64_LITTLE, "elf64ltsmip", SEGMENT | 0xC000_0000, SEGMENT | 0x8010_0000),
}


@pytest.mark.slow
@pytest.mark.lane
@pytest.mark.parametrize("machine", MACHINES)
def test_every_section_as_ld_links_it(machine: str, tmp_path: Path) -> None:
    arch, emulation, base, exports = MACHINES[machine]
    found = {path.name.partition(".")[0]: path for path in kernel(machine).modules.rglob("*.ko*")}
    checked = 0
    for name in CHOSEN.split():
        data = compress.read(str(found[name]))
        assert not arch.accepts or arch.accepts(flags(data, arch), 0)
        made = linked(data, bases=(base, base + (1 << 25)), arch=arch, kernel=exports)
        theirs = ld.link(tmp_path, data, placings(made), made.imports, emulation)
        assert set(differing(made, theirs)) <= REWRITTEN, name
        checked += len(theirs)
    assert checked > 200


def flags(data: bytes, arch: Arch) -> int:
    """The module's e_flags."""
    at = 0x24 if Elf(data).bits == 32 else 0x30
    return int.from_bytes(data[at : at + 4], arch.order)
