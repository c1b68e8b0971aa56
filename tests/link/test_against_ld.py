"""Real modules, linked by GNU ld and by us at the same addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodutils.elf.constants import SHT_NOBITS
from tests.link.modules import Linked, linked, paths, placings
from tests.oracles import ld

MODULES = """
    dummy fat vfat ext4 nls_utf8 crc16 jbd2 mbcache usbcore e1000e i915 kvm xfs btrfs nf_tables snd_hda_intel
    iwlwifi mac80211 cfg80211 bluetooth tun loop dm_mod md_mod virtio_net
"""


def differing(made: Linked, theirs: dict[str, bytes]) -> list[str]:
    """The names of the sections that ld and we link differently."""
    image, wrong = made.image, []
    for at, section in enumerate(image.module.sections):
        if at in (image.module.symtab, image.module.strtab) or image.layout.placed[at] is None:
            continue
        if section.sh_type == SHT_NOBITS or not section.sh_size or section.name == ".note.gnu.build-id":
            continue
        if theirs.get(section.name) != bytes(image.section(at)):
            wrong.append(section.name)
    return wrong


@pytest.mark.slow
@pytest.mark.lane
@pytest.mark.parametrize("name", [*MODULES.split(), "amdgpu"])
def test_every_section_as_ld_links_it(name: str, tmp_path: Path) -> None:
    data = paths("amd64")[name].read_bytes()
    made = linked(data)
    theirs = ld.link(tmp_path, data, placings(made), made.imports)
    assert len(theirs) > 10
    assert differing(made, theirs) == []
