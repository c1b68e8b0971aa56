"""Damaged headers are refused with the texts of elf_validity_check() in kernel/module/main.c of 6.1."""

from __future__ import annotations

from contextlib import suppress
from errno import ENOEXEC
from struct import pack_into, unpack_from

import pytest

from pymodutils.errors import Refused
from tests.kernel.emulated.modules import kernel, module

TYPE, MACHINE, SHOFF, SHENTSIZE, SHNUM, SHSTRNDX = 16, 18, 40, 58, 60, 62  # of Elf64_Ehdr
NAME, KIND, ADDRESS, OFFSET, SIZE, LINK = 0, 4, 16, 24, 32, 40  # of Elf64_Shdr
DATA = module()
START: int = unpack_from("<Q", DATA, SHOFF)[0]
COUNT, NAMES = unpack_from("<HH", DATA, SHNUM)
LENGTH = len(DATA)
SYMTAB = next(at for at in range(COUNT) if unpack_from("<I", DATA, START + 64 * at + KIND)[0] == 2)


def place(section: int, field: int) -> int:
    return START + 64 * section + field


def number(section: int, field: int) -> int:
    return int(unpack_from("<Q", DATA, place(section, field))[0])


END = number(NAMES, OFFSET) + number(NAMES, SIZE) - 1  # of the names of sections


def texts(data: bytes) -> list[str]:
    """The log lines for ``data``."""
    booted = kernel()
    before = len(booted.log())
    with suppress(Refused):
        booted.init_module(data)
    return [line.text for line in booted.log(before)]


@pytest.mark.parametrize(
    ("form", "at", "value", "text"),
    [
        ("B", 0, 0, "Invalid ELF header magic: != \x7fELF"),
        ("<H", TYPE, 2, "Invalid ELF header type: 2 != 1"),
        ("<H", MACHINE, 183, "Invalid architecture in ELF header: 183"),
        ("<H", SHENTSIZE, 63, "Invalid ELF section header size"),
        ("<Q", SHOFF, LENGTH, "Invalid ELF section header overflow"),
        ("<Q", SHOFF, START + 1, "Invalid ELF section header overflow"),
        ("<H", SHNUM, COUNT + 1, "Invalid ELF section header overflow"),
        ("<H", SHSTRNDX, 0, f"Invalid ELF section name index: 0 || e_shstrndx (0) >= e_shnum ({COUNT})"),
        (
            "<H", SHSTRNDX, COUNT,
            f"Invalid ELF section name index: {COUNT} || e_shstrndx ({COUNT}) >= e_shnum ({COUNT})",
        ),
        ("<Q", place(NAMES, OFFSET), LENGTH, "Invalid ELF section hdr(type 3)"),
        ("<Q", place(NAMES, SIZE), (1 << 64) - 1, "Invalid ELF section hdr(type 3)"),
        ("<Q", place(NAMES, SIZE), 0, "empty section name table"),
        ("B", END, 65, "ELF Spec violation: section name table isn't null terminated"),
        (
            "<I", place(0, KIND), 1,
            "ELF Spec violation: section 0 type(1)!=SH_NULL or non-zero len or addr",
        ),
        (
            "<Q", place(0, SIZE), 1,
            "ELF Spec violation: section 0 type(0)!=SH_NULL or non-zero len or addr",
        ),
        (
            "<Q", place(0, ADDRESS), 1,
            "ELF Spec violation: section 0 type(0)!=SH_NULL or non-zero len or addr",
        ),
        (
            "<I", place(SYMTAB, LINK), 0,
            f"Invalid ELF sh_link!=SHN_UNDEF(0) or (sh_link(0) >= hdr->e_shnum({COUNT})",
        ),
        (
            "<I", place(SYMTAB, LINK), COUNT,
            f"Invalid ELF sh_link!=SHN_UNDEF({COUNT}) or (sh_link({COUNT}) >= hdr->e_shnum({COUNT})",
        ),
        (
            "<Q", place(1, SIZE), LENGTH - number(1, OFFSET) + 1,
            "Invalid ELF section in module (section 1 type 1)",
        ),
        ("<Q", place(1, OFFSET), LENGTH + 1, "Invalid ELF section in module (section 1 type 1)"),
        ("<I", place(1, NAME), number(NAMES, SIZE), "Invalid ELF section name in module (section 1 type 1)"),
    ],
)  # fmt: skip
def test_damage(form: str, at: int, value: int, text: str) -> None:
    data = bytearray(DATA)
    pack_into(form, data, at, value)
    assert texts(bytes(data)) == [text]
    with pytest.raises(Refused) as refused:
        kernel().init_module(bytes(data))
    assert refused.value.errno == ENOEXEC


def test_a_file_without_a_whole_header() -> None:
    """copy_module_from_user() refuses it earlier."""
    assert texts(DATA[:63]) == []
    with pytest.raises(Refused) as refused:
        kernel().init_module(DATA[:63])
    assert refused.value.errno == ENOEXEC


def test_the_last_byte_belongs_to_a_section() -> None:
    data = bytearray(DATA)
    pack_into("<Q", data, place(1, SIZE), LENGTH - number(1, OFFSET))
    assert "Invalid ELF section in module (section 1 type 1)" not in texts(bytes(data))
