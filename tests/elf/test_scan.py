"""The scanner, compared with pyelftools, on real and damaged modules."""

from __future__ import annotations

import errno
import io
import struct
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import given
from hypothesis import strategies as st

from pymodutils.elf.scan import Elf
from pymodutils.errors import BadModule, NotFound
from tests.oracles.trees import tree


def header(bits: int, sections: int, **fields: int) -> bytes:
    """An ELF file with only a header and ``sections`` zeroed section headers."""
    size, entry = (64, 64) if bits == 64 else (52, 40)
    given = {"shoff": size, "shentsize": entry, "shnum": sections, "shstrndx": 0} | fields
    layout = "<HHIQQQIHHHHHH" if bits == 64 else "<HHIIIIIHHHHHH"
    rest = (0, 0, 0, given["shentsize"], given["shnum"], given["shstrndx"])
    words = struct.pack(layout, 1, 62, 1, 0, 0, given["shoff"], 0, *rest)
    return b"\x7fELF" + bytes([bits // 32, 1]) + bytes(10) + words + bytes(entry * sections)


def seen_by_pyelftools(data: bytes) -> list[tuple[str, int, int, bytes]]:
    found = []
    for section in ELFFile(io.BytesIO(data)).iter_sections():
        start, size = section["sh_offset"], section["sh_size"]
        section.data()  # may raise for damage
        content = b"" if section["sh_type"] == "SHT_NOBITS" else data[start : start + size]
        found.append((section.name, start, size, content))
    return found


def seen_by_us(elf: Elf) -> list[tuple[str, int, int, bytes]]:
    return [
        (section.name, section.sh_offset, section.sh_size, elf.content(at))
        for at, section in enumerate(elf.sections)
    ]


@pytest.mark.parametrize("data", [b"", b"\x7fEL", b"MZ" + bytes(80)])
def test_what_is_not_elf_is_an_exec_format_error(data: bytes) -> None:
    with pytest.raises(BadModule) as caught:
        Elf(data)
    assert caught.value.errno == errno.ENOEXEC


@pytest.mark.parametrize("kind", [b"\3\1", b"\2\3"])
def test_an_unknown_class_or_byte_order_is_an_invalid_argument(kind: bytes) -> None:
    with pytest.raises(BadModule) as caught:  # as kmod has it
        Elf(b"\x7fELF" + kind + bytes(80))
    assert caught.value.errno == errno.EINVAL


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize(
    "lie",
    [
        {"shoff": 1 << 31},
        {"shoff": 100},
        {"shentsize": 41},
        {"shnum": 3},
        {"shstrndx": 2},
        {"shstrndx": 0xFFFE},
        {"shnum": 0},
        {"shstrndx": 0xFFFF, "shnum": 0},
        {},  # the names of the sections have no end
    ],
)
def test_lies_of_the_header_are_invalid_arguments(bits: int, lie: dict[str, int]) -> None:
    with pytest.raises(BadModule) as caught:
        Elf(header(bits, 2, **lie))
    assert caught.value.errno == errno.EINVAL
    assert str(caught.value).startswith("module: ")


def test_absent_files_are_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="No such file"):
        Elf.open(str(tmp_path / "absent.ko"))


@pytest.mark.lane
@pytest.mark.parametrize("name", ["uml", "armhf", "s390x"])
def test_sections_of_real_modules_are_those_of_pyelftools(name: str) -> None:
    for path in sorted(tree(name).modules.rglob("*.ko"))[::150]:
        data = path.read_bytes()
        expected = seen_by_pyelftools(data)
        assert seen_by_us(Elf(data)) == expected
        with Elf.open(str(path)) as elf:
            assert seen_by_us(elf) == expected
            for at, (section, *_) in enumerate(expected):
                if [each[0] for each in expected].index(section) == at:
                    assert elf.index(section) == at
            assert elf.section(".absent") is None


@pytest.mark.lane
def test_damaged_modules_are_read_as_pyelftools_does_or_refused() -> None:
    path = min(tree("uml").modules.rglob("*.ko"), key=lambda path: path.stat().st_size)
    whole = path.read_bytes()
    places = st.integers(0, 63) | st.integers(len(whole) - 64 * 60, len(whole) - 1)

    @given(
        st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=4), st.integers(1, len(whole))
    )
    def damage(changes: list[tuple[int, int]], length: int) -> None:
        data = bytearray(whole[: length if length % 3 == 0 else None])
        for place, value in changes:
            if place < len(data):
                data[place] = value
        try:
            ours = seen_by_us(Elf(bytes(data)))
        except BadModule:
            return
        try:
            theirs = seen_by_pyelftools(bytes(data))
        except Exception:  # noqa: BLE001 -- pyelftools knows no one error for damage
            return
        if len(ours) == len(theirs):
            assert [row[1:3] for row in ours] == [row[1:3] for row in theirs]

    damage()
