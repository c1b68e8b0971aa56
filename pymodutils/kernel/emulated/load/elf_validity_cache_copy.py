"""Whether a file is an ELF module at all, in the order of later kernels; elf_validity_cache_copy.

Each part has its own step; a module that has .modinfo, struct module or symbols twice is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from pymodutils.kernel.emulated.load import elf_header, setup_load_info
from pymodutils.kernel.emulated.load.causes import Kind
from pymodutils.kernel.emulated.load.load_info import SHF_ALLOC, UNNAMED
from pymodutils.kernel.emulated.state.kernel_state import WARNING
from pymodutils.link.object import SHT_NOBITS, SHT_SYMTAB, THIS_MODULE

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.load.elf_header import Header, Raw
    from pymodutils.kernel.emulated.load.load_info import LoadInfo

SHT_STRTAB: Final = 3
SAME_SIZE: Final = "section size must match the kernel's built struct module size at run time"


def sections(load: LoadInfo) -> None:
    """Find the sections of the file; refuses what no loader could walk through."""
    head = elf_header.header(load)
    raw = elf_header.table(load, head)
    elf_header.first(load, raw)
    for at, section in enumerate(raw[1:], start=1):
        if section.sh_type not in elf_header.EMPTY:
            elf_header.content(load, at, section)
    names = _names(load, head, raw)
    load.sections = [elf_header.named(load, row, names) for row in raw]


def _names(load: LoadInfo, head: Header, raw: list[Raw]) -> Raw:
    """The section with the names of all others; elf_validity_cache_secstrings."""
    elf_header.index(load, head)
    names = raw[head.e_shstrndx]
    if names.sh_type != SHT_STRTAB:
        load.refuse(text=f"Invalid ELF section name table type: {names.sh_type}")
    elf_header.strings(load, names)
    for at, section in enumerate(raw):
        if section.sh_type != elf_header.SHT_NULL:
            elf_header.name(load, at, section, names.sh_size)
    return names


def modinfo(load: LoadInfo) -> None:
    """Find .modinfo, if there is one, and the name in it."""
    found = _called(load, ".modinfo")
    if len(found) > 1:
        load.refuse(text="Only one .modinfo section must exist.")
    load.info = found[0] if found else 0
    load.name = load.modinfo("name") or ""


def this_module(load: LoadInfo) -> None:
    """Find struct module, which has to be as large as the kernel's own."""
    found = _called(load, THIS_MODULE)
    if len(found) != 1:
        _refuse(load, f"Exactly one {THIS_MODULE} section must exist.")
    load.this_module = found[0]
    section = load.sections[load.this_module]
    if section.sh_type == SHT_NOBITS:
        _refuse(load, f"{THIS_MODULE} section must have a size set")
    if not section.sh_flags & SHF_ALLOC:
        _refuse(load, f"{THIS_MODULE} must occupy memory during process execution")
    if load.rules.module_size and section.sh_size != load.rules.module_size:
        load.because(Kind.STRUCT_MODULE, said=str(section.sh_size), wanted=str(load.rules.module_size))
        _refuse(load, f"{THIS_MODULE} {SAME_SIZE}")


def symbols(load: LoadInfo) -> None:
    """Find the one symbol table and its strings, then all that has no rules of its own."""
    tables = [section for section in load.sections[1:] if section.sh_type == SHT_SYMTAB]
    if len(tables) != 1:
        load.refuse(text=f"{_shown(load)}: module has no symbols (stripped?)", level=WARNING)
    elf_header.link(load, tables[0].sh_link, len(load.sections))
    kind = load.sections[tables[0].sh_link].sh_type
    if kind != SHT_STRTAB:
        load.refuse(text=f"Invalid ELF symbol string table type: {kind}")
    setup_load_info.rest(load)


def _called(load: LoadInfo, name: str) -> list[int]:
    """The numbers of all sections called ``name``, in memory or not."""
    return [at for at, section in enumerate(load.sections) if at and section.name == name]


def _refuse(load: LoadInfo, text: str) -> NoReturn:
    load.refuse(text=f"module {_shown(load)}: {text}")


def _shown(load: LoadInfo) -> str:
    return load.name if load.modinfo("name") is not None else UNNAMED
