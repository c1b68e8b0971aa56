"""RPM packages by hand, of the parts that rpm-format(7) and cpio(5) describe; no rpmbuild needed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from struct import pack

import pytest

from pymodutils.errors import BadKernel
from pymodutils.kernel.sources import rpm
from pymodutils.kernel.sources.limits import Budget

FILE, FOLDER, LINK = 0o100644, 0o040755, 0o120777
FILES = [
    ("./boot", FOLDER, b""),
    ("./boot/vmlinuz", FILE, b"12345"),
    ("./l", LINK, b"boot"),
    ("./x", FILE, b""),
]
LONGEST = 4096  # PATH_MAX, with the NUL


def member(name: str, mode: int, content: bytes, *, magic: bytes = b"070701") -> bytes:
    """A member of the new ASCII format: names and contents are padded to four bytes."""
    size = len(name) + 1
    numbers = (7, mode, 0, 0, 1, 0, len(content), 8, 1, 0, 0, size, 0)
    head = magic + b"".join(b"%08X" % number for number in numbers) + name.encode() + b"\0"
    return head + bytes(-len(head) % 4) + content + bytes(-len(content) % 4)


def archive(*members: bytes) -> bytes:
    return b"".join(members) + member("TRAILER!!!", 0, b"") + b"\xff" * 32  # nothing after it is read


def header(entries: int, data: int) -> bytes:
    return b"\x8e\xad\xe8\x01" + bytes(4) + pack(">II", entries, data) + bytes(16 * entries + data)


def package(payload: bytes, *, signature: bytes = header(2, 21), main: bytes = header(3, 10)) -> bytes:
    """Only the header of signatures is padded, to eight bytes."""
    return b"\xed\xab\xee\xdb".ljust(96, b"\0") + signature + bytes(-len(signature) % 8) + main + payload


def read(data: bytes) -> list[tuple[str, int, bytes]]:
    found = rpm.members(io.BytesIO(data), Budget("a.rpm", len(data)))
    return [(name, size, content.read()) for name, size, content in found]


@pytest.mark.parametrize("data", range(17, 26))
def test_headers_of_any_size(data: int) -> None:
    payload = archive(*(member(*each) for each in FILES))
    expected = [("/boot/vmlinuz", 5, b"12345"), ("/x", 0, b"")]
    assert read(package(payload, signature=header(1, data), main=header(2, data))) == expected


@pytest.mark.parametrize("pack_with", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_payloads(pack_with: object) -> None:
    payload = archive(*(member(*each) for each in FILES))
    assert callable(pack_with)
    assert read(package(pack_with(payload))) == read(package(payload))


@pytest.mark.parametrize("length", range(1, 10))
def test_names_and_contents_of_any_length(length: int) -> None:
    content = b"x" * length
    members = [member("./" + "n" * at, FILE, content, magic=b"070702") for at in range(1, 6)]
    assert read(package(archive(*members))) == [("/" + "n" * at, length, content) for at in range(1, 6)]


def test_a_content_need_not_be_read() -> None:
    payload = archive(*(member(*each) for each in FILES))
    found = rpm.members(io.BytesIO(package(payload)), Budget("a.rpm", 1000))
    assert [(name, size) for name, size, _ in found] == [("/boot/vmlinuz", 5), ("/x", 0)]


def test_a_name_has_4095_bytes_at_most() -> None:
    name = "./" + "n" * (LONGEST - 3)
    assert read(package(archive(member(name, FILE, b"")))) == [(name[1:], 0, b"")]
    with pytest.raises(BadKernel, match="the name of a member has 4097 bytes"):
        read(package(archive(member(name + "n", FILE, b""))))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (package(b"", signature=b"\x8e\xad\xe8\x02" + bytes(12)), "there is no header at offset 96"),
        (package(b"", main=b"\0" * 16), "there is no header at offset 168"),
        (package(b"", main=header(0, 0)[:15]), "there is no header at offset 168"),
        (package(member(*FILES[1], magic=b"070707")), "its payload is not a cpio archive of the kind newc"),
        (package(member(*FILES[1])), "its payload is not a cpio archive of the kind newc"),  # no trailer
        (package(member(*FILES[1])[:109]), "its payload is not a cpio archive of the kind newc"),
        (package(member(*FILES[1])[:100] + b"GGGGGGGG" * 2), "a member of its payload is damaged"),
    ],
)
def test_damage(data: bytes, why: str) -> None:
    with pytest.raises(BadKernel, match=f"^a.rpm: not an RPM package that can be read: {why}$"):
        read(data)


def test_the_smallest_header_is_read() -> None:
    assert read(package(archive(), main=header(0, 0))) == []
