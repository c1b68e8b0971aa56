"""Whether a file is an ELF module at all, in the order of kernels until 6.3; elf_validity_check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymodutils.kernel.emulated import elfheader
from pymodutils.link.object import SHF_ALLOC, SHT_SYMTAB

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.elfheader import Raw
    from pymodutils.kernel.emulated.loading import Loading


def check(load: Loading) -> None:
    """Find the sections of the file; refuses what no loader could walk through."""
    head = elfheader.header(load)
    raw = elfheader.table(load, head)
    elfheader.index(load, head)
    names = raw[head.e_shstrndx]
    if not elfheader.inside(load, names):
        load.refuse(text=f"Invalid ELF section hdr(type {names.sh_type})")
    elfheader.strings(load, names)
    elfheader.first(load, raw)
    for at, section in enumerate(raw[1:], start=1):
        if section.sh_type not in elfheader.EMPTY:
            _section(load, at, section, head.e_shnum, names.sh_size)
    load.sections = [elfheader.named(load, row, names) for row in raw]


def _section(load: Loading, at: int, section: Raw, count: int, names: int) -> None:
    if section.sh_type == SHT_SYMTAB:
        elfheader.link(load, section.sh_link, count)
    elfheader.content(load, at, section)
    if section.sh_flags & SHF_ALLOC:
        elfheader.name(load, at, section, names)
