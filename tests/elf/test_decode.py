"""Decoded sections, compared with pyelftools, modinfo and hand-made bytes."""

from __future__ import annotations

import io
import struct
import subprocess

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from pymodutils.elf import decode
from pymodutils.elf.scan import Elf
from tests.oracles.kmod import kmod30
from tests.oracles.trees import tree


@pytest.mark.lane
@pytest.mark.parametrize("name", ["uml", "armhf", "s390x"])
def test_symbols_are_those_of_pyelftools(name: str) -> None:
    for path in sorted(tree(name).modules.rglob("*.ko"))[::300]:
        data = path.read_bytes()
        elf = Elf(data)
        table = ELFFile(io.BytesIO(data)).get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        ours = decode.symbols(
            elf.section(".symtab") or b"", elf.section(".strtab") or b"", elf.bits, elf.order
        )
        # pyelftools names section symbols after their section
        assert [(s.name, s.st_value, s.st_size) for s in ours if s.kind != 3] == [
            (s.name, s["st_value"], s["st_size"])
            for s in table.iter_symbols()
            if s["st_info"]["type"] != "STT_SECTION"
        ]


@pytest.mark.lane
def test_versions_are_what_modprobe_shows() -> None:
    for name in ("uml", "s390x"):
        for path in sorted(tree(name).modules.rglob("*.ko"))[::200]:
            command = [*kmod30("modprobe"), "--show-modversions", str(path)]
            shown = subprocess.run(command, capture_output=True, text=True, check=False).stdout
            elf = Elf(path.read_bytes())
            ours = decode.versions(elf.section("__versions") or b"", elf.bits, elf.order)
            assert shown == "".join(f"0x{crc:08x}\t{name}\n" for name, crc in ours)


def test_modinfo_keeps_order_odd_bytes_and_strings_without_value() -> None:
    section = b"\0\0license=GPL\0parm=a:b=c\0odd\0author=\xff\xe9\0\0alias=x"
    assert decode.modinfo(section) == [
        ("license", "GPL"),
        ("parm", "a:b=c"),
        ("odd", ""),
        ("author", "\udcff\udce9"),
        ("alias", "x"),
    ]


def test_versions_of_both_classes_and_orders() -> None:
    assert decode.versions(struct.pack("<Q56s", 7, b"printk") + b"rest", 64, "little") == [("printk", 7)]
    assert decode.versions(struct.pack(">I60s", 8, b"x" * 60), 32, "big") == [("x" * 60, 8)]


def test_a_symbol_name_outside_of_the_strings_is_empty() -> None:
    table = struct.pack("<IBBHQQ", 99, 0x12, 0, 1, 2, 3)
    assert decode.symbols(table, b"\0name\0", 64, "little") == [decode.Symbol("", 2, 3, 0x12, 1)]
