"""The sizes of a module as a relocatable object and as a shared object."""

from __future__ import annotations

from typing import Final, NamedTuple

from pymodutils.dyn.shared_object import SharedObject
from pymodutils.elf.scan import Elf

SHF_ALLOC, SHT_REL, SHT_RELA = 2, 9, 4
CODE: Final = ".text"
TABLES: Final = (".hash", ".gnu.hash", ".dynsym", ".dynstr", ".dynamic", ".plt", ".got", ".got.plt")


class Measure(NamedTuple):
    """Number of relocations, and bytes of code, loaded memory, tables in it, and the file."""

    relocations: int
    code: int
    loaded: int
    tables: int
    file: int


def relocatable(data: bytes) -> Measure:
    """An ET_REL module; all sections with SHF_ALLOC are loaded consecutively."""
    elf = Elf(data)
    loaded = [section for section in elf.sections if section.sh_flags & SHF_ALLOC]
    kept = {index for index, section in enumerate(elf.sections) if section.sh_flags & SHF_ALLOC}
    tables = [s for s in elf.sections if s.sh_type in (SHT_REL, SHT_RELA) and s.sh_info in kept]
    size = 0
    for section in loaded:
        size = -(-size // max(section.sh_addralign, 1)) * max(section.sh_addralign, 1) + section.sh_size
    count = sum(table.sh_size // table.sh_entsize for table in tables)
    return Measure(count, _sum(elf, (CODE,)), size, 0, len(data))


def shared(data: bytes) -> Measure:
    """An ET_DYN module; its segments are loaded, with the gaps between them."""
    module, elf = SharedObject(data, "module"), Elf(data)
    rel = [s for s in elf.sections if s.sh_type in (SHT_REL, SHT_RELA) and s.sh_flags & SHF_ALLOC]
    tables = _sum(elf, TABLES) + sum(section.sh_size for section in rel)
    return Measure(len(list(module.relocations())), _sum(elf, (CODE,)), module.size, tables, len(data))


def _sum(elf: Elf, names: tuple[str, ...]) -> int:
    return sum(section.sh_size for section in elf.sections if section.name in names)
