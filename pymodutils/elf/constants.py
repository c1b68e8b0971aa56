"""Constants of the ELF format, named as in elf.h, or as in the kernel's headers if only defined there."""

from __future__ import annotations

from typing import Final

ELFMAG: Final = b"\x7fELF"
EI_CLASS: Final = 4  # index into e_ident
EI_NIDENT: Final = 16  # bytes of e_ident
ELFCLASS: Final = {1: 32, 2: 64}  # e_ident[EI_CLASS] -> bits
ELFDATA: Final = {1: "little", 2: "big"}  # e_ident[EI_DATA] -> byte order
ET_REL: Final = 1
ET_EXEC: Final = 2
PT_LOAD: Final = 1

BTF: Final = ".BTF"  # sections of types; include/asm-generic/vmlinux.lds.h, scripts/Makefile.btf
BTF_BASE: Final = ".BTF.base"

SHT_NULL: Final = 0
SHT_PROGBITS: Final = 1
SHT_SYMTAB: Final = 2
SHT_STRTAB: Final = 3
SHT_RELA: Final = 4
SHT_NOTE: Final = 7
SHT_NOBITS: Final = 8
SHT_REL: Final = 9
SHT_LOPROC: Final = 0x7000_0000

SHF_WRITE: Final = 1
SHF_ALLOC: Final = 2
SHF_EXECINSTR: Final = 4
SHF_COMPRESSED: Final = 0x800
SHF_RELA_LIVEPATCH: Final = 0x0010_0000
SHF_RO_AFTER_INIT: Final = 0x0020_0000  # set by the loader itself

SHN_UNDEF: Final = 0
SHN_LORESERVE: Final = 0xFF00
SHN_LIVEPATCH: Final = 0xFF20
SHN_ABS: Final = 0xFFF1
SHN_COMMON: Final = 0xFFF2
SHN_HIRESERVE: Final = 0xFFFF
SHN_XINDEX: Final = 0xFFFF

STB_LOCAL: Final = 0
STB_GLOBAL: Final = 1
EM_SPARC: Final = 2
EM_SPARC32PLUS: Final = 18
EM_SPARCV9: Final = 43

STB_WEAK: Final = 2
STT_NOTYPE: Final = 0
STT_OBJECT: Final = 1
STT_FUNC: Final = 2
STT_SECTION: Final = 3
STT_REGISTER: Final = 13  # SPARC's register symbols

NT_GNU_BUILD_ID: Final = 3
