"""What a kernel asks of an ELF file, question by question; kernel/module/main.c: elf_validity_check.

e_ident says little here: a kernel takes files to be of its own width and byte order. The order of
the questions is in elfcheck.py for kernels before 6.3, in validity.py for later ones.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.arch.field import PREFIXES
from pymodutils.elf.scan import MAGIC, SHT_NOBITS, Section
from pymodutils.kernel.emulated.load.causes import Kind
from pymodutils.link.failure import OutOfBounds
from pymodutils.link.object import SHF_ALLOC

if TYPE_CHECKING:
    from pymodutils.arch.model import Arch
    from pymodutils.kernel.emulated.load.load_info import LoadInfo

EI_CLASS: Final = 4
CLASSES: Final = {1: 32, 2: 64}
ET_REL: Final = 1
SHT_NULL: Final = 0
EMPTY: Final = (SHT_NULL, SHT_NOBITS)  # types of sections that have no content in the file
LONGEST: Final = 1 << 24  # bytes of the names of all sections
NAMELESS: Final = "\0"  # for a name that lies outside of the file
CODES: Final = {32: ("16xHH4xIIIIHHHHHH", "10I"), 64: ("16xHH4xQQQIHHHHHH", "IIQQQQIIQQ")}


class Header(NamedTuple):
    """The ELF header without e_ident and e_version."""

    e_type: int
    e_machine: int
    e_entry: int
    e_phoff: int
    e_shoff: int
    e_flags: int
    e_ehsize: int
    e_phentsize: int
    e_phnum: int
    e_shentsize: int
    e_shnum: int
    e_shstrndx: int


class Raw(NamedTuple):
    """A section header as it stands in the file."""

    sh_name: int
    sh_type: int
    sh_flags: int
    sh_addr: int
    sh_offset: int
    sh_size: int
    sh_link: int
    sh_info: int
    sh_addralign: int
    sh_entsize: int


def structs(arch: Arch) -> tuple[Struct, Struct]:
    """How ``arch`` lays out the ELF header and a section header."""
    head, section = CODES[arch.bits]
    return Struct(PREFIXES[arch.order] + head), Struct(PREFIXES[arch.order] + section)


def shortest(arch: Arch) -> int:
    """Bytes of an ELF header."""
    return structs(arch)[0].size


def header(load: LoadInfo) -> Header:
    """The ELF header; refuses files that are not of this kernel's kind."""
    size = shortest(load.rules.arch)
    if len(load.data) < size:
        load.refuse(text=f"Invalid ELF header len {len(load.data)}")
    if not load.data.startswith(MAGIC):
        load.refuse(text="Invalid ELF header magic: != \x7fELF")
    found = Header._make(structs(load.rules.arch)[0].unpack_from(load.data))
    if found.e_type != ET_REL:
        load.refuse(text=f"Invalid ELF header type: {found.e_type} != {ET_REL}")
    if not _fits(load.rules.arch, found, load.data[EI_CLASS]):
        load.because(Kind.MACHINE, str(found.e_machine), wanted=load.rules.arch.name)
        load.refuse(text=f"Invalid architecture in ELF header: {found.e_machine}")
    if found.e_shentsize != structs(load.rules.arch)[1].size:
        load.refuse(text="Invalid ELF section header size")
    return found


def _fits(arch: Arch, header: Header, elf_class: int) -> bool:
    """Whether the file is one of the kernel's architecture; elf_check_arch."""
    known = header.e_machine in arch.machines and (not arch.ident or CLASSES.get(elf_class) == arch.bits)
    return known and (arch.accepts is None or arch.accepts(header.e_flags, header.e_entry))


def table(load: LoadInfo, head: Header) -> list[Raw]:
    """The section headers; refuses a table that ends behind the file."""
    entry = structs(load.rules.arch)[1]
    start, size = head.e_shoff, head.e_shnum * entry.size
    if start >= len(load.data) or size > len(load.data) - start:
        load.refuse(text="Invalid ELF section header overflow")
    return list(map(Raw._make, entry.iter_unpack(load.data[start : start + size])))


def index(load: LoadInfo, head: Header) -> None:
    """Refuse a file that does not say in which section the names are."""
    at, count = head.e_shstrndx, head.e_shnum
    if not 0 < at < count:
        load.refuse(text=f"Invalid ELF section name index: {at} || e_shstrndx ({at}) >= e_shnum ({count})")


def strings(load: LoadInfo, names: Raw) -> None:
    """Refuse a section of names that is empty or has no end."""
    if not names.sh_size:
        load.refuse(text="empty section name table")
    if load.data[names.sh_offset + names.sh_size - 1]:
        load.refuse(text="ELF Spec violation: section name table isn't null terminated")


def first(load: LoadInfo, head: Header) -> None:
    """Refuse a section 0 that is one; what lies in its place is looked at even if there are no sections."""
    entry = structs(load.rules.arch)[1]
    at = head.e_shoff
    if at + entry.size <= len(load.data):
        section = Raw._make(entry.unpack_from(load.data, at))
        if section.sh_type != SHT_NULL or section.sh_size or section.sh_addr:
            kind = f"type({_signed(section.sh_type)})"
            load.refuse(text=f"ELF Spec violation: section 0 {kind}!=SH_NULL or non-zero len or addr")


def link(load: LoadInfo, to: int, count: int) -> None:
    """Refuse a symbol table whose strings would be in none of ``count`` sections."""
    if not 0 < to < count:
        shown = _signed(to)
        load.refuse(
            text=f"Invalid ELF sh_link!=SHN_UNDEF({shown}) or (sh_link({shown}) >= hdr->e_shnum({count})"
        )


def content(load: LoadInfo, at: int, section: Raw) -> None:
    """Refuse a section that ends behind the file."""
    if not inside(load, section):
        load.refuse(text=f"Invalid ELF section in module (section {at} type {section.sh_type})")


def name(load: LoadInfo, at: int, section: Raw, names: int) -> None:
    """Refuse a section whose name would begin behind the ``names`` bytes of all names."""
    if section.sh_name >= names:
        load.refuse(text=f"Invalid ELF section name in module (section {at} type {section.sh_type})")


def _signed(word: int) -> int:
    """``word`` as %d prints it."""
    return (word ^ 1 << 31) - (1 << 31)


def inside(load: LoadInfo, section: Raw) -> bool:
    """Whether the content of ``section`` is in the file."""
    word = (1 << load.rules.arch.bits) - 1
    end = section.sh_offset + section.sh_size & word
    return section.sh_offset <= end <= len(load.data)


def named(load: LoadInfo, raw: list[Raw], names: Raw) -> list[Section]:
    """``raw`` with names, read wherever they lie; NAMELESS what is not to be loaded and has none."""
    found, room = [], LONGEST
    for section in raw:
        at = names.sh_offset + section.sh_name
        end = load.data.find(b"\0", at, at + room)
        if end < 0 and section.sh_flags & SHF_ALLOC:
            raise OutOfBounds("module", "the name of a section lies outside of the file")
        name = NAMELESS if end < 0 else load.data[at:end].decode("utf-8", "surrogateescape")
        room -= len(name)
        found.append(Section(name, *section[1:]))
    return found
