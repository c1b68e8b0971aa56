"""Images edited for --force, compared by pyelftools; made ones of both classes and byte orders."""

from __future__ import annotations

import io
from struct import pack_into

import pytest
from elftools.elf.elffile import ELFFile

from pymodutils.errors import BadModule
from pymodutils.kernel.base import Init
from pymodutils.kernel.force import stripped
from tests.elf import made

INFO = (b"license=GPL", b"xvermagic=no", b"vermagic=6.1 SMP", b"depends=")
BOTH = Init.IGNORE_MODVERSIONS | Init.IGNORE_VERMAGIC
ALLOC = 2


def image(bits: int = 64, order: str = "<", info: tuple[bytes, ...] = INFO, end: bytes = b"\0") -> bytearray:
    """A module whose first two sections are loaded."""
    modinfo = b"\0".join(info) + end
    data = bytearray(made.module({"__versions": bytes(64), ".modinfo": modinfo}, bits, order))
    start = ELFFile(io.BytesIO(bytes(data))).header.e_shoff
    for section in (1, 2):
        place = start + section * (64 if bits == 64 else 40) + 8
        pack_into(order + ("Q" if bits == 64 else "I"), data, place, 0x10 | ALLOC)
    return data


def seen(data: bytes) -> tuple[dict[str, int], bytes]:
    """The flags of each section, and the contents of .modinfo."""
    elf = ELFFile(io.BytesIO(data))
    found = elf.get_section_by_name(".modinfo")
    assert found is not None
    return {section.name: section["sh_flags"] for section in elf.iter_sections()}, found.data()


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
def test_each_flag_has_its_own_effect(bits: int, order: str) -> None:
    data = bytes(image(bits, order))
    flags, info = seen(data)
    assert flags == {"": 0, "__versions": 0x12, ".modinfo": 0x12, ".shstrtab": 0}
    unversioned, blank = {**flags, "__versions": 0x10}, info.replace(b"\0vermagic=6.1 SMP", bytes(17))
    assert seen(stripped(data, Init.IGNORE_MODVERSIONS, "x")) == (unversioned, info)
    assert seen(stripped(data, Init.IGNORE_VERMAGIC, "x")) == (flags, blank)
    assert seen(stripped(data, BOTH, "x")) == (unversioned, blank)
    assert stripped(data, Init.NONE, "x") is data
    assert stripped(data, Init.COMPRESSED_FILE, "x") is data


@pytest.mark.parametrize(
    ("info", "end", "left"),
    [
        ((b"vermagic=1", b"a=b"), b"\0", bytes(11) + b"a=b\0"),
        ((b"a=b", b"vermagic=1"), b"", b"a=b\0" + bytes(10)),
        ((b"vermagic=1", b"vermagic=2"), b"\0", bytes(11) + b"vermagic=2\0"),
        ((b"vermagic=",), b"\0", bytes(10)),
    ],
)
def test_the_first_entry_is_blanked_wherever_it_lies(
    info: tuple[bytes, ...], end: bytes, left: bytes
) -> None:
    assert seen(stripped(bytes(image(info=info, end=end)), Init.IGNORE_VERMAGIC, "x"))[1] == left


@pytest.mark.parametrize("info", [(b"a=b",), (b"xvermagic=1",), (b"vermagic",), ()])
def test_no_entry_is_an_error(info: tuple[bytes, ...]) -> None:
    with pytest.raises(BadModule, match="x has no vermagic to ignore") as refused:
        stripped(bytes(image(info=info)), BOTH, "x")
    assert refused.value.errno == 61  # ENODATA
    assert refused.value.why == "Failed to strip version information: No data available"


def test_no_versions_are_no_error() -> None:
    data = made.modinfo(*INFO)
    assert stripped(data, Init.IGNORE_MODVERSIONS, "x") == data
    with pytest.raises(BadModule):
        stripped(b"text", BOTH, "x")
