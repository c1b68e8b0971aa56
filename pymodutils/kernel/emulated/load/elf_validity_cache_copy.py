"""Check whether a file is an ELF module, in the order of later kernels; elf_validity_cache_copy.

Each part has its own step; a duplicate .modinfo, struct module or symbol table is refused.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final, NoReturn

from pymodutils.elf.constants import SHF_ALLOC, SHT_NOBITS, SHT_NULL, SHT_STRTAB, SHT_SYMTAB
from pymodutils.elf.headers import PREFIXES
from pymodutils.kern_levels import WARNING
from pymodutils.kernel.base import Init
from pymodutils.kernel.emulated.load import elf_header, setup_load_info
from pymodutils.kernel.emulated.load.causes import CauseKind
from pymodutils.kernel.emulated.load.check_version import EXT_CRCS, EXT_NAMES, EXTENDED_SINCE
from pymodutils.kernel.emulated.load.load_info import UNNAMED
from pymodutils.link.layout import SYMBOL_SIZE
from pymodutils.link.object import THIS_MODULE

if TYPE_CHECKING:
    from pymodutils.elf.headers import Ehdr, Section, Shdr
    from pymodutils.kernel.emulated.load.load_info import LoadInfo

CRC: Final = 4  # bytes of one in __version_ext_crcs
SAME_SIZE: Final = "section size must match the kernel's built struct module size at run time"


def sections(load: LoadInfo) -> None:
    """Find the sections of the file; refuses malformed tables."""
    head = elf_header.header(load)
    raw = elf_header.table(load, head)
    elf_header.first(load, head)
    for at, section in enumerate(raw[1:], start=1):
        if section.sh_type not in elf_header.EMPTY:
            elf_header.content(load, at, section)
    names = _names(load, head, raw)
    load.sections = elf_header.named(load, raw, names)


def _names(load: LoadInfo, head: Ehdr, raw: list[Shdr[int]]) -> Shdr[int]:
    """The section name table; elf_validity_cache_secstrings."""
    elf_header.index(load, head)
    names = raw[head.e_shstrndx]
    if names.sh_type != SHT_STRTAB:
        load.refuse(text=f"Invalid ELF section name table type: {names.sh_type}")
    elf_header.strings(load, names)
    for at, section in enumerate(raw):
        if section.sh_type != SHT_NULL:
            elf_header.name(load, at, section, names.sh_size)
    return names


def modinfo(load: LoadInfo) -> None:
    """Find .modinfo, if present, and the name in it."""
    found = _called(load, ".modinfo")
    if len(found) > 1:
        load.refuse(text="Only one .modinfo section must exist.")
    load.info = found[0] if found else 0
    load.name = load.modinfo("name") or ""


def this_module(load: LoadInfo) -> None:
    """Find struct module, which must have the kernel's size."""
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
        load.because(
            CauseKind.STRUCT_MODULE, found=str(section.sh_size), expected=str(load.rules.module_size)
        )
        _refuse(load, f"{THIS_MODULE} {SAME_SIZE}")


def symbols(load: LoadInfo) -> None:
    """Find the only symbol table and its strings, then the other sections."""
    tables = [section for section in load.sections[1:] if section.sh_type == SHT_SYMTAB]
    if len(tables) != 1:
        load.refuse(text=f"{_shown(load)}: module has no symbols (stripped?)", level=WARNING)
    elf_header.link(load, tables[0].sh_link, len(load.sections))
    kind = load.sections[tables[0].sh_link].sh_type
    if kind != SHT_STRTAB:
        load.refuse(text=f"Invalid ELF symbol string table type: {kind}")
    if load.rules.since(*EXTENDED_SINCE):
        _extended_versions(load)
        _strings(load, tables[0])
    setup_load_info.rest(load)


def _extended_versions(load: LoadInfo) -> None:
    """Refuse extended CRCs and names that do not match; elf_validity_cache_index_versions."""
    crcs, names = load.find(EXT_CRCS), load.find(EXT_NAMES)
    if load.flags & Init.IGNORE_MODVERSIONS or not (crcs or names):
        return
    if not (crcs and names):
        load.refuse(text="extended version crc+name presence does not match")
    if load.sections[crcs].sh_size // CRC > load.copy(names).count(0):
        load.refuse(text="more extended version crcs than names")


def _strings(load: LoadInfo, symbols: Section) -> None:
    """Refuse a symbol string table without leading or trailing NUL; elf_validity_cache_strtab."""
    table = load.copy(symbols.sh_link)
    if not table:
        load.refuse(text="empty symbol string table")
    if table[0]:
        load.refuse(text="symbol string table missing leading NUL")
    if table[-1]:
        load.refuse(text="symbol string table isn't NUL terminated")
    size = SYMBOL_SIZE[load.rules.arch.bits]
    names = Struct(f"{PREFIXES[load.rules.arch.order]}I{size - 4}x")
    whole = load.copy(load.sections.index(symbols))
    if any(at >= len(table) for (at,) in names.iter_unpack(whole[: len(whole) // size * size])):
        load.refuse(text="symbol name out of bounds in string table")


def _called(load: LoadInfo, name: str) -> list[int]:
    """The indexes of all sections named ``name``, loaded or not."""
    return [at for at, section in enumerate(load.sections) if at and section.name == name]


def _refuse(load: LoadInfo, text: str) -> NoReturn:
    load.refuse(text=f"module {_shown(load)}: {text}")


def _shown(load: LoadInfo) -> str:
    return load.name if load.modinfo("name") is not None else UNNAMED
