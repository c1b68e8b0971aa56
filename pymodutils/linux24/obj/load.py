"""Read a module file; obj_load of modutils."""

from __future__ import annotations

from struct import iter_unpack
from typing import TYPE_CHECKING, Final

from pymodutils.elf import decode
from pymodutils.elf.constants import (
    ET_EXEC,
    ET_REL,
    SHF_ALLOC,
    SHT_LOPROC,
    SHT_NOBITS,
    SHT_NOTE,
    SHT_NULL,
    SHT_PROGBITS,
    SHT_REL,
    SHT_RELA,
    SHT_STRTAB,
    SHT_SYMTAB,
    STB_LOCAL,
    STT_REGISTER,
)
from pymodutils.elf.headers import PREFIXES
from pymodutils.elf.scan import Elf
from pymodutils.errors import BadModule
from pymodutils.link.object import SYMBOL
from pymodutils.linux24 import machine as machines
from pymodutils.linux24.obj.file import FileSymbol, ObjFile
from pymodutils.linux24.obj.sections import ObjSection
from pymodutils.linux24.obj.symbols import ObjSymbol

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.elf.headers import Section as Header

E_FLAGS: Final = {32: 36, 64: 48}  # offset of e_flags by width
READ: Final = (SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB, SHT_REL, SHT_RELA)
PASSED_OVER: Final = (SHT_NULL, SHT_NOTE, SHT_NOBITS)
NOT_LOADED: Final = (".modinfo", ".modstring")  # regardless of their flags
TYPES: Final = {ET_REL: "a relocatable", ET_EXEC: "an executable"}
KINDS: Final = {SHT_REL: "REL", SHT_RELA: "RELA"}


def load(data: bytes, path: str, clash: Callable[[str], None], e_type: int = ET_REL) -> ObjFile:
    """The module in ``data``, which was read from ``path``; with ET_EXEC a kernel.

    Raises BadModule if it is damaged, or of a kind that modutils 2.4.16 does not link.
    """
    elf = Elf(data, path)
    machine = machines.of(elf, path)
    if int.from_bytes(data[16:18], machine.arch.order) != e_type:
        raise BadModule(path, f"ELF file {path} not {TYPES[e_type]} object")
    module = ObjFile(path, machine, clash)
    at = E_FLAGS[machine.arch.bits]
    module.flags = int.from_bytes(data[at : at + 4], machine.arch.order)
    headers = elf.sections
    for index, header in enumerate(headers):
        module.sections.append(_section(module, elf, index, header))
    for section in module.sections:
        if section.is_loaded:
            module.order.insert(section)
        if section.type == SHT_SYMTAB:
            _read_symbols(module, elf, section)
    for section in module.sections:
        if section.type == machine.rel_type:
            _check_relocations(module, section)
    return module


def _section(module: ObjFile, elf: Elf, index: int, header: Header) -> ObjSection:
    flags = header.sh_flags & ~SHF_ALLOC if header.name in NOT_LOADED else header.sh_flags
    section = ObjSection(
        header.name,
        index,
        sh_type=header.sh_type,
        flags=flags,
        align=header.sh_addralign,
        link=header.sh_link,
        info=header.sh_info,
    )
    section.address, section.size = header.sh_addr, header.sh_size
    if header.sh_type in READ:
        other = SHT_REL + SHT_RELA - module.machine.rel_type
        if header.sh_type == other and header.sh_size:
            kind = KINDS[other]
            raise BadModule(
                module.path, f"{kind} relocations not supported on this architecture {module.path}"
            )
        if header.sh_size:
            section.fill(elf.content(index))
    elif header.sh_type >= SHT_LOPROC:
        if not module.machine.knows(header.sh_type):
            raise BadModule(module.path, f"Unknown section header type: {header.sh_type:08x}")
        if header.sh_type in module.machine.read and header.sh_size:
            section.fill(elf.content(index))
    elif header.sh_type not in PASSED_OVER:
        raise BadModule(module.path, f"can't handle sections of type {header.sh_type} {module.path}")
    return section


def _read_symbols(module: ObjFile, elf: Elf, table: ObjSection) -> None:
    codes, size, columns = SYMBOL[module.machine.arch.bits]
    raw = bytes(table.contents or b"")
    strings = bytes(_at(module, table.link).contents or b"")
    rows = iter_unpack(PREFIXES[module.machine.arch.order] + codes, raw[: len(raw) // size * size])
    registers = module.machine.arch.machines[0] in decode.MACHINES_WITH_REGISTERS
    for index, row in enumerate(rows):
        st_name, st_info, _, st_shndx, st_value, st_size = (row[at] for at in columns)
        end = strings.find(b"\0", st_name)
        if st_name and end < 0:
            raise elf.bad("the name of a symbol lies outside the names")
        given = strings[st_name:end].decode("utf-8", "surrogateescape") if st_name else ""
        name = given if st_name or not index else _at(module, st_shndx).name
        module.symtab.append(FileSymbol(name, given, st_info >> 4))
        if not index or (registers and st_info & 0xF == STT_REGISTER):
            continue
        if st_info >> 4 == STB_LOCAL and index >= table.info:
            raise elf.bad(f"local symbol {name} with index {index} exceeds local_symtab_size {table.info}")
        module.symbols.add(ObjSymbol(name, st_info, st_shndx, st_value, st_size), index)


def _at(module: ObjFile, index: int) -> ObjSection:
    if index >= len(module.sections):
        raise BadModule(module.path, f"{module.path}: there is no section {index}")
    return module.sections[index]


def _check_relocations(module: ObjFile, section: ObjSection) -> None:
    """Refuse relocations that modutils would follow out of its arrays."""
    target = _at(module, section.info)
    if section.size and target.contents is None and target.type != SHT_NOBITS:
        raise BadModule(
            module.path, f"{module.path}: {section.name} patches {target.name}, which has no bytes"
        )
