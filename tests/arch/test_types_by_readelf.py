"""Names and numbers of relocation types as readelf prints them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodutils.arch.model import Arch
from tests.arch.types import ARCHS, kept, name, printed

OTHERWISE = {  # where the kernel has another name
    "R_AARCH64_NONE": "R_ARM_NONE",
    "R_AARCH64_NULL": "R_AARCH64_NONE",
    "R_PARISC_DLTIND21L": "R_PARISC_LTOFF21L",
    "R_PARISC_DLTIND14R": "R_PARISC_LTOFF14R",
}
ANY = ("R_LARCH ", "R_NDS32_RELA_NOP")  # rows that stand for several numbers
UNKNOWN = {  # to this readelf; from the psABIs
    "hexagon": {
        "R_HEX_B22_PCREL": 1, "R_HEX_LO16": 4, "R_HEX_HI16": 5, "R_HEX_32": 6, "R_HEX_32_PCREL": 31,
        "R_HEX_PLT_B22_PCREL": 36, "R_HEX_GOTREL_LO16": 37, "R_HEX_GOTREL_HI16": 38,
    },
    "ia64": {"R_IA64_SUB": 0x85},
    "riscv": {"R_RISCV_PLT32": 59, "R_RISCV_SET_ULEB128": 60, "R_RISCV_SUB_ULEB128": 61},
}  # fmt: skip
BYTE = 0xFF  # ia64, csky, xtensa and others have more above the number


@pytest.mark.parametrize("arch", ARCHS, ids=name)
def test_each_type_has_its_number(arch: Arch) -> None:
    known = kept(arch)
    numbers = {at: at & BYTE if arch.bits == 32 or arch.r_info else at for at in arch.relocs}
    named = {at: row.name for at, row in arch.relocs.items() if not row.name.startswith(ANY)}
    psabi = {at: OTHERWISE.get(found, found) for at, found in known.items()}
    psabi |= {at: found for found, at in UNKNOWN.get(arch.name, {}).items()}
    assert {at: psabi.get(numbers[at]) for at in named} == named


@pytest.mark.lane
@pytest.mark.parametrize("arch", ARCHS, ids=name)
def test_readelf_has_what_was_kept(arch: Arch, tmp_path: Path) -> None:
    assert {int(at): found for at, found in printed(arch, tmp_path).items()} == kept(arch)
