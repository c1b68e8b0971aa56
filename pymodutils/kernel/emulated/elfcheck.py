"""Whether a file is an ELF module at all; kernel/module/main.c: elf_validity_check, in its order.

e_ident says little here: a kernel takes files to be of its own width and byte order.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.arch.model import PREFIXES
from pymodutils.elf.scan import MAGIC, SHT_NOBITS, Section
from pymodutils.kernel.emulated.causes import Kind
from pymodutils.link.failure import OutOfBounds
from pymodutils.link.object import SHF_ALLOC, SHT_SYMTAB

if TYPE_CHECKING:
    from pymodutils.arch.model import Arch
    from pymodutils.kernel.emulated.loading import Loading

EI_CLASS: Final = 4
CLASSES: Final = {1: 32, 2: 64}
ET_REL: Final = 1
SHT_NULL: Final = 0
LONGEST: Final = 1 << 12  # bytes of a section's name
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


def structs(arch: Arch) -> tuple[Struct, Struct]:
    """How ``arch`` lays out the ELF header and a section header."""
    head, section = CODES[arch.bits]
    return Struct(PREFIXES[arch.order] + head), Struct(PREFIXES[arch.order] + section)


def shortest(arch: Arch) -> int:
    """Bytes of an ELF header."""
    return structs(arch)[0].size


def check(load: Loading) -> None:
    """Find the sections of the file; refuses what no loader could walk through."""
    header = _header(load)
    raw = _raw_sections(load, header)
    names = _names(load, header, raw)
    first = raw[0]
    if first.sh_type != SHT_NULL or first.sh_size or first.sh_addr:
        kind = f"type({_signed(first.sh_type)})"
        load.refuse(text=f"ELF Spec violation: section 0 {kind}!=SH_NULL or non-zero len or addr")
    for at, section in enumerate(raw[1:], start=1):
        _section(load, header, at, section, names.sh_size)
    load.sections = [_named(load, row, names) for row in raw]


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


def _header(load: Loading) -> Header:
    size = shortest(load.rules.arch)
    if len(load.data) < size:
        load.refuse(text=f"Invalid ELF header len {len(load.data)}")
    if not load.data.startswith(MAGIC):
        load.refuse(text="Invalid ELF header magic: != \x7fELF")
    header = Header._make(structs(load.rules.arch)[0].unpack_from(load.data))
    if header.e_type != ET_REL:
        load.refuse(text=f"Invalid ELF header type: {header.e_type} != {ET_REL}")
    if not _fits(load.rules.arch, header, load.data[EI_CLASS]):
        load.because(Kind.MACHINE, str(header.e_machine), wanted=load.rules.arch.name)
        load.refuse(text=f"Invalid architecture in ELF header: {header.e_machine}")
    if header.e_shentsize != structs(load.rules.arch)[1].size:
        load.refuse(text="Invalid ELF section header size")
    return header


def _fits(arch: Arch, header: Header, elf_class: int) -> bool:
    """Whether the file is one of the kernel's architecture; elf_check_arch."""
    known = header.e_machine in arch.machines and (not arch.ident or CLASSES.get(elf_class) == arch.bits)
    return known and (arch.accepts is None or arch.accepts(header.e_flags, header.e_entry))


def _raw_sections(load: Loading, header: Header) -> list[Raw]:
    entry = structs(load.rules.arch)[1]
    start, size = header.e_shoff, header.e_shnum * entry.size
    if start >= len(load.data) or size > len(load.data) - start:
        load.refuse(text="Invalid ELF section header overflow")
    if not 0 < header.e_shstrndx < header.e_shnum:
        index, count = header.e_shstrndx, header.e_shnum
        load.refuse(
            text=f"Invalid ELF section name index: {index} || e_shstrndx ({index}) >= e_shnum ({count})"
        )
    return list(map(Raw._make, entry.iter_unpack(load.data[start : start + size])))


def _names(load: Loading, header: Header, raw: list[Raw]) -> Raw:
    names = raw[header.e_shstrndx]
    if not _inside(load, names):
        load.refuse(text=f"Invalid ELF section hdr(type {names.sh_type})")
    if not names.sh_size:
        load.refuse(text="empty section name table")
    if load.data[names.sh_offset + names.sh_size - 1]:
        load.refuse(text="ELF Spec violation: section name table isn't null terminated")
    return names


def _section(load: Loading, header: Header, at: int, section: Raw, names: int) -> None:
    if section.sh_type in (SHT_NULL, SHT_NOBITS):
        return
    if section.sh_type == SHT_SYMTAB and not 0 < section.sh_link < header.e_shnum:
        link, count = _signed(section.sh_link), header.e_shnum
        load.refuse(
            text=f"Invalid ELF sh_link!=SHN_UNDEF({link}) or (sh_link({link}) >= hdr->e_shnum({count})"
        )
    if not _inside(load, section):
        load.refuse(text=f"Invalid ELF section in module (section {at} type {section.sh_type})")
    if section.sh_flags & SHF_ALLOC and section.sh_name >= names:
        load.refuse(text=f"Invalid ELF section name in module (section {at} type {section.sh_type})")


def _signed(word: int) -> int:
    """``word`` as %d prints it."""
    return (word ^ 1 << 31) - (1 << 31)


def _inside(load: Loading, section: Raw) -> bool:
    word = (1 << load.rules.arch.bits) - 1
    end = section.sh_offset + section.sh_size & word
    return section.sh_offset <= end <= len(load.data)


def _named(load: Loading, raw: Raw, names: Raw) -> Section:
    """``raw`` with its name, read wherever it lies; NAMELESS if that is not to be loaded and has none."""
    at = names.sh_offset + raw.sh_name
    end = load.data.find(b"\0", at, at + LONGEST)
    if end < 0 and raw.sh_flags & SHF_ALLOC:
        raise OutOfBounds("module", "the name of a section lies outside of the file")
    name = NAMELESS if end < 0 else load.data[at:end].decode("utf-8", "surrogateescape")
    return Section(name, *raw[1:])
