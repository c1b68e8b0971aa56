"""Load modules without running their init().

The relocation of struct module's pointer to init() is replaced by R_X86_64_NONE, so that core sections stay
as the loader left them.
"""

from __future__ import annotations

import ctypes
import os
from struct import pack_into, unpack_from

from pymodutils.elf.scan import Elf

INIT_MODULE = 175  # x86-64's number of the system call
SIGNED = b"~Module signature appended~\n"
THIS_MODULE = ".gnu.linkonce.this_module"


def without_init(data: bytes, functions: tuple[bytes, ...] = (b"init_module",)) -> bytes:
    """The module ``data`` with an init that is NULL, and so the other ``functions``."""
    elf = Elf(data)
    names = [section.name for section in elf.sections]
    copy = bytearray(data)
    if f".rela{THIS_MODULE}" not in names:  # neither init nor exit
        return data.removesuffix(SIGNED)
    table = elf.sections[names.index(f".rela{THIS_MODULE}")]
    strings = elf.section(".strtab") or b""
    symbols = elf.section(".symtab") or b""
    for at in range(table.sh_offset, table.sh_offset + table.sh_size, 24):
        _, number, symbol, _ = unpack_from("<QIIq", copy, at)
        start = unpack_from("<I", symbols, 24 * symbol)[0]
        if number == 1 and strings[start : strings.index(b"\0", start)] in functions:
            pack_into("<I", copy, at + 8, 0)  # R_X86_64_NONE
    return bytes(copy).removesuffix(SIGNED)  # unsigned, for the signature is no longer right


def insert(data: bytes, name: str) -> None:
    """Load ``data``."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(INIT_MODULE, ctypes.c_char_p(data), ctypes.c_ulong(len(data)), ctypes.c_char_p(b"")):
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")
