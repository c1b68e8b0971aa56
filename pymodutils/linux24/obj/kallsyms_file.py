"""A file with only __kallsyms, generated from a kernel; kallsyms of modutils."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final

from pymodutils.elf.constants import ET_EXEC, ET_REL, SHF_ALLOC, SHT_PROGBITS, SHT_STRTAB
from pymodutils.elf.headers import PREFIXES
from pymodutils.linux24.obj import kallsyms, load

if TYPE_CHECKING:
    from collections.abc import Callable

EHDR: Final = {32: "16sHHIIIIIHHHHHH", 64: "16sHHIQQQIHHHHHH"}
SHDR: Final = {32: "10I", 64: "2I4Q2I2Q"}
NAMES: Final = f"\0{kallsyms.NAME}\0".encode()


def of_kernel(data: bytes, path: str, error: Callable[[str], None]) -> bytes:
    """The file for the kernel in ``data``, which was read from ``path``; raises BadModule."""
    kernel = load.load(data, path, error, ET_EXEC)
    arch = kernel.machine.arch
    header, section = (Struct(PREFIXES[arch.order] + codes[arch.bits]) for codes in (EHDR, SHDR))
    ident, _, machine, version, _, _, _, flags, *_ = header.unpack_from(data)
    sizes = (header.size, 0, 0, section.size, 3, 1)  # e_ehsize to e_shstrndx
    head = header.pack(ident, ET_REL, machine, version, 0, 0, header.size, flags, *sizes)
    names_at = header.size + 3 * section.size
    at = -(-(names_at + len(NAMES)) // kallsyms.ALIGN) * kallsyms.ALIGN
    held = kallsyms.kallsyms(kernel, relocatable=False)
    rows = (
        bytes(section.size),
        section.pack(0, SHT_STRTAB, 0, 0, names_at, len(NAMES), 0, 0, 0, 0),
        section.pack(1, SHT_PROGBITS, SHF_ALLOC, 0, at, len(held), 0, 0, kallsyms.ALIGN, 0),
    )
    return (head + b"".join(rows) + NAMES).ljust(at, b"\0") + held
