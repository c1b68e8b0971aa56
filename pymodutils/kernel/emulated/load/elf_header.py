"""The kernel's checks of an ELF file, one function each; kernel/module/main.c: elf_validity_check.

e_ident is mostly ignored: a kernel assumes its own width and byte order. The order of the checks is in
elf_validity_check.py for kernels before 6.3, in elf_validity_cache_copy.py for later ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.elf import headers
from pymodutils.elf.constants import (
    EI_CLASS,
    ELFCLASS,
    ELFMAG,
    ET_REL,
    SHF_ALLOC,
    SHT_NOBITS,
    SHT_NULL,
)
from pymodutils.elf.headers import Ehdr, Section, Shdr
from pymodutils.kernel.emulated.load.causes import CauseKind
from pymodutils.link.failure import OutOfBounds
from pymodutils.twos_complement import signed

if TYPE_CHECKING:
    from pymodutils.arch.model import Arch
    from pymodutils.kernel.emulated.load.load_info import LoadInfo

EMPTY: Final = (SHT_NULL, SHT_NOBITS)  # section types without contents in the file
LONGEST: Final = 1 << 24  # bytes of the names of all sections
NAMELESS: Final = "\0"  # for a name outside the file


def shortest(arch: Arch) -> int:
    """Bytes of an ELF header."""
    return headers.ehdr(arch.bits, arch.order).size


def header(load: LoadInfo) -> Ehdr:
    """The ELF header; refuses files for other architectures."""
    arch = load.rules.arch
    size = shortest(arch)
    if len(load.data) < size:
        load.refuse(text=f"Invalid ELF header len {len(load.data)}")
    if not load.data.startswith(ELFMAG):
        load.refuse(text="Invalid ELF header magic: != \x7fELF")
    found = Ehdr._make(headers.ehdr(arch.bits, arch.order).unpack_from(load.data))
    if found.e_type != ET_REL:
        load.refuse(text=f"Invalid ELF header type: {found.e_type} != {ET_REL}")
    if not _fits(arch, found, load.data[EI_CLASS]):
        load.because(CauseKind.MACHINE, str(found.e_machine), expected=arch.name)
        load.refuse(text=f"Invalid architecture in ELF header: {found.e_machine}")
    if found.e_shentsize != headers.shdr(arch.bits, arch.order).size:
        load.refuse(text="Invalid ELF section header size")
    return found


def _fits(arch: Arch, header: Ehdr, elf_class: int) -> bool:
    """Whether the file is for the kernel's architecture; elf_check_arch."""
    known = header.e_machine in arch.machines and (not arch.ident or ELFCLASS.get(elf_class) == arch.bits)
    return known and (arch.accepts is None or arch.accepts(header.e_flags, header.e_entry))


def table(load: LoadInfo, head: Ehdr) -> list[Shdr[int]]:
    """The section headers; refuses a table beyond the end of the file."""
    entry = headers.shdr(load.rules.arch.bits, load.rules.arch.order)
    start, size = head.e_shoff, head.e_shnum * entry.size
    if start >= len(load.data) or size > len(load.data) - start:
        load.refuse(text="Invalid ELF section header overflow")
    return [Shdr(*fields) for fields in entry.iter_unpack(load.data[start : start + size])]


def index(load: LoadInfo, head: Ehdr) -> None:
    """Refuse an invalid e_shstrndx."""
    at, count = head.e_shstrndx, head.e_shnum
    if not 0 < at < count:
        load.refuse(text=f"Invalid ELF section name index: {at} || e_shstrndx ({at}) >= e_shnum ({count})")


def strings(load: LoadInfo, names: Shdr[int]) -> None:
    """Refuse a section name table that is empty or not NUL-terminated."""
    if not names.sh_size:
        load.refuse(text="empty section name table")
    if load.data[names.sh_offset + names.sh_size - 1]:
        load.refuse(text="ELF Spec violation: section name table isn't null terminated")


def first(load: LoadInfo, head: Ehdr) -> None:
    """Refuse a section 0 that is not null; its place is checked even if there are no sections."""
    entry = headers.shdr(load.rules.arch.bits, load.rules.arch.order)
    at = head.e_shoff
    if at + entry.size <= len(load.data):
        section = Shdr._make(entry.unpack_from(load.data, at))
        if section.sh_type != SHT_NULL or section.sh_size or section.sh_addr:
            kind = f"type({signed(section.sh_type, 32)})"
            load.refuse(text=f"ELF Spec violation: section 0 {kind}!=SH_NULL or non-zero len or addr")


def link(load: LoadInfo, to: int, count: int) -> None:
    """Refuse a symbol table with strings in none of the ``count`` sections."""
    if not 0 < to < count:
        shown = signed(to, 32)
        load.refuse(
            text=f"Invalid ELF sh_link!=SHN_UNDEF({shown}) or (sh_link({shown}) >= hdr->e_shnum({count})"
        )


def content(load: LoadInfo, at: int, section: Shdr[int]) -> None:
    """Refuse a section beyond the end of the file."""
    if not inside(load, section):
        load.refuse(text=f"Invalid ELF section in module (section {at} type {section.sh_type})")


def name(load: LoadInfo, at: int, section: Shdr[int], names: int) -> None:
    """Refuse a section with a name beyond the ``names`` bytes of the name table."""
    if section.name >= names:
        load.refuse(text=f"Invalid ELF section name in module (section {at} type {section.sh_type})")


def inside(load: LoadInfo, section: Shdr[int]) -> bool:
    """Whether ``section`` has contents in the file."""
    word = (1 << load.rules.arch.bits) - 1
    end = section.sh_offset + section.sh_size & word
    return section.sh_offset <= end <= len(load.data)


def named(load: LoadInfo, raw: list[Shdr[int]], names: Shdr[int]) -> list[Section]:
    """``raw`` with names read from anywhere; NAMELESS for sections that are not loaded and have none."""
    found, room = [], LONGEST
    for section in raw:
        at = names.sh_offset + section.name
        end = load.data.find(b"\0", at, at + room)
        if end < 0 and section.sh_flags & SHF_ALLOC:
            raise OutOfBounds("module", "the name of a section lies outside the file")
        name = NAMELESS if end < 0 else load.data[at:end].decode("utf-8", "surrogateescape")
        room -= len(name)
        found.append(Shdr(name, *section[1:]))
    return found
