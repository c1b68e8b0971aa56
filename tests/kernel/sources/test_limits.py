"""Archives over a limit are refused in one line that names it."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymodutils import check
from pymodutils.errors import ModutilsError
from pymodutils.kernel.sources import limits, source, tar
from pymodutils.kernel.sources.limits import Budget

CHARACTERS = st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])
NAMES = st.text(CHARACTERS, min_size=1, max_size=300)
DAMAGED = (b"", b"9 size=x\n", b"99 path=x\n", b"0 a=b\n", b"11 size=-1\n", b"x", b"\xff 1=2\n", b"9" * 50)
WORDS = ("members", "members=", "members=-1", "size=1", "=1", "bytes=1e3", "cpu=\u0661")
FORMATS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)


def header(name: bytes, size: int, kind: bytes = b"0") -> bytes:
    """A header of GNU tar, whose numbers may have 64 bits."""
    number = b"%011o\0" % size if size < 1 << 33 else b"\x80" + size.to_bytes(11, "big")
    block = (
        name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + number + b"00000000000\0" + b" " * 8 + kind
    )
    block = (block.ljust(257, b"\0") + b"ustar  \0").ljust(512, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def deb(folder: Path, *parts: bytes) -> str:
    """A package with ``parts`` as its data.tar."""
    data = b"".join(parts)
    members = (("debian-binary", b"2.0\n"), ("data.tar", data))
    path = folder / "made.deb"
    with path.open("wb") as file:
        file.write(b"!<arch>\n")
        for name, content in members:
            file.write(f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode())
            file.write(content + b"\n" * (len(content) % 2))
    return str(path)


def refusal(path: str) -> str:
    with pytest.raises(ModutilsError) as caught:
        source.describe([path])
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("size", [1 << 62, 1 << 63, 1 << 87])
def test_a_member_that_cannot_be(size: int, tmp_path: Path) -> None:
    assert "--limit bytes=" in refusal(deb(tmp_path, header(b"README", size)))


@pytest.mark.parametrize("kind", [b"x", b"g", b"L", b"K"])
def test_an_extended_header_is_not_read_whole(kind: bytes, tmp_path: Path) -> None:
    assert "extended header" in refusal(deb(tmp_path, header(b"x", 1 << 32, kind), bytes(4096)))


@pytest.mark.parametrize(
    "record",
    [b"", b"9 size=x\n", b"99 path=x\n", b"0 a=b\n", b"11 size=-1\n", b"x", b"\xff 1=2\n", b"9" * 50],
)
def test_damaged_extended_headers(record: bytes, tmp_path: Path) -> None:
    parts = (header(b"x", len(record), b"x"), record.ljust(512, b"\0") if record else b"")
    refusal(deb(tmp_path, *parts, header(b"README", 0), bytes(1024)))


def test_members_are_counted_and_cost_the_same_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = deb(tmp_path, *[header(b"m", 0)] * 5000, bytes(1024))
    assert "holds nothing" in refusal(path)
    monkeypatch.setitem(limits.current, "members", 4000)
    assert "--limit members=" in refusal(path)


def test_a_large_member_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.current, "member", 1000)
    assert "--limit member=" in refusal(deb(tmp_path, header(b"boot/vmlinuz", 4096), bytes(4096 + 1024)))


def test_ratio_and_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import lzma  # noqa: PLC0415

    path = tmp_path / "bomb.tar.xz"
    path.write_bytes(lzma.compress(header(b"zeros", 128 << 20) + bytes(128 << 20), preset=0))
    with pytest.raises(ModutilsError, match="--limit ratio="):
        check([str(path)], [str(path)])
    monkeypatch.setitem(limits.current, "cpu", -1)
    assert "--limit cpu=" in refusal(deb(tmp_path, header(b"README", 0), bytes(1024)))


@pytest.mark.parametrize("word", WORDS)
def test_words_that_are_no_limit(word: str) -> None:
    with pytest.raises(ModutilsError, match="members, bytes, member, ratio, cpu"):
        limits.change((word,))
    assert limits.current == limits.DEFAULTS


def test_pipes_sockets_and_devices_are_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "Module.symvers")
    os.mkfifo(tmp_path / "x.ko")
    (tmp_path / "y.ko").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / ".config"))
    for path in (tmp_path, tmp_path / "x.ko", "/dev/zero"):
        command = [sys.executable, "-m", "pymodutils", "kernel", "describe", path]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1


@given(st.lists(st.tuples(NAMES, st.binary(max_size=1500)), max_size=6), st.sampled_from(FORMATS))
def test_archives_are_read_as_pythons_tarfile_reads_them(files: list[tuple[str, bytes]], form: int) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            try:
                archive.addfile(info, io.BytesIO(content))
            except ValueError:  # ustar has no place for it
                return
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as archive:
        members = [(it.name, archive.extractfile(it)) for it in archive if it.isreg()]
        theirs = [(name, file.read() if file else b"") for name, file in members]
    budget = Budget("made", len(out.getvalue()))
    ours = [(name, file.read()) for name, _, file in tar.members(io.BytesIO(out.getvalue()), budget)]
    assert ours == [(name, content) for name, content in theirs if not name.endswith("/")]
