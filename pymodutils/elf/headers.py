"""The file and section headers of both ELF classes; elf.h."""

from __future__ import annotations

from functools import cache
from struct import Struct
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

PREFIXES: Final = {"little": "<", "big": ">"}  # struct's prefix by byte order
WORDS: Final = {32: "I", 64: "Q"}  # struct's code for Elf_Addr and Elf_Off by class
EHDR: Final = {32: "16xHHIIIIIHHHHHH", 64: "16xHHIQQQIHHHHHH"}
SHDR: Final = {32: "10I", 64: "IIQQQQIIQQ"}


class Ehdr(NamedTuple):
    """The ELF header without e_ident."""

    e_type: int
    e_machine: int
    e_version: int
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


Name = TypeVar("Name", int, str)


class Shdr(NamedTuple, Generic[Name]):
    """A section header, widened to 64 bits; ``name`` is sh_name, or the string that it refers to."""

    name: Name
    sh_type: int
    sh_flags: int
    sh_addr: int
    sh_offset: int
    sh_size: int
    sh_link: int
    sh_info: int
    sh_addralign: int
    sh_entsize: int


Section: TypeAlias = Shdr[str]


@cache
def ehdr(bits: int, order: str) -> Struct:
    """The struct of an Ehdr."""
    return Struct(PREFIXES[order] + EHDR[bits])


@cache
def shdr(bits: int, order: str) -> Struct:
    """The struct of a Shdr."""
    return Struct(PREFIXES[order] + SHDR[bits])
