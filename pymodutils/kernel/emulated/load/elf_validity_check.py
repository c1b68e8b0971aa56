"""Check whether a file is an ELF module, in the order of kernels before 6.3; elf_validity_check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymodutils.elf.constants import SHF_ALLOC, SHT_SYMTAB
from pymodutils.kernel.emulated.load import elf_header

if TYPE_CHECKING:
    from pymodutils.elf.headers import Shdr
    from pymodutils.kernel.emulated.load.load_info import LoadInfo


def check(load: LoadInfo) -> None:
    """Find the sections of the file; refuses malformed tables."""
    head = elf_header.header(load)
    raw = elf_header.table(load, head)
    elf_header.index(load, head)
    names = raw[head.e_shstrndx]
    if not elf_header.inside(load, names):
        load.refuse(text=f"Invalid ELF section hdr(type {names.sh_type})")
    elf_header.strings(load, names)
    elf_header.first(load, head)
    for at, section in enumerate(raw[1:], start=1):
        if section.sh_type not in elf_header.EMPTY:
            _section(load, at, section, head.e_shnum, names.sh_size)
    load.sections = elf_header.named(load, raw, names)


def _section(load: LoadInfo, at: int, section: Shdr[int], count: int, names: int) -> None:
    if section.sh_type == SHT_SYMTAB:
        elf_header.link(load, section.sh_link, count)
    elf_header.content(load, at, section)
    if section.sh_flags & SHF_ALLOC:
        elf_header.name(load, at, section, names)
