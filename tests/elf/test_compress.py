"""Decompression, compared with the compressors, of damaged data and of bombs."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pymodutils.elf import compress
from pymodutils.errors import BadModule, NotFound
from tests.environment import without_coverage

DATA = b"\x7fELF" + bytes(range(256)) * 5000
PACKERS = {"gzip": ["gzip", "-c"], "xz": ["xz", "-c"], "zstd": ["zstd", "-qc"]}


def packed(name: str, data: bytes) -> bytes:
    if not shutil.which(name):
        pytest.skip(f"no {name} on this machine")
    return subprocess.run(PACKERS[name], input=data, capture_output=True, check=True).stdout


@pytest.fixture(params=sorted(PACKERS))
def packer(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_name_of_the_file_does_not_matter(packer: str, tmp_path: Path) -> None:
    for name in ("m.ko", f"m.ko.{packer}"):
        (tmp_path / name).write_bytes(packed(packer, DATA))
        assert compress.read(str(tmp_path / name)) == DATA


def test_what_is_not_compressed_comes_as_it_is(tmp_path: Path) -> None:
    for data in (b"", b"x", DATA):
        (tmp_path / "m.ko.xz").write_bytes(data)
        assert compress.read(str(tmp_path / "m.ko.xz")) == data


def test_several_streams_in_one_file_are_one_module(packer: str) -> None:
    assert compress.decompress(packed(packer, DATA) * 2, "m") == DATA * 2


@pytest.mark.parametrize("cut", [6, 20, 100, -1, -8])
def test_truncated_data_is_an_invalid_argument(packer: str, cut: int) -> None:
    with pytest.raises(BadModule, match=r"^m: compressed data") as caught:
        compress.decompress(packed(packer, DATA)[:cut], "m")
    assert caught.value.errno == errno.EINVAL


def test_damaged_data_is_refused_or_the_same(packer: str) -> None:
    whole = packed(packer, DATA)
    for at in range(12, len(whole), len(whole) // 40):
        data = bytearray(whole)
        data[at] ^= 0x55
        try:
            compress.decompress(bytes(data), "m")
        except BadModule:
            continue


def test_a_bomb_stops_at_the_limit(packer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compress, "LIMIT", 1 << 20)
    with pytest.raises(BadModule, match="more than 1048576 bytes"):
        compress.decompress(packed(packer, bytes(8 << 20)), "m")


def test_unreadable_files_say_why(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="No such file or directory") as caught:
        compress.read(str(tmp_path / "absent.ko"))
    assert caught.value.errno == errno.ENOENT
    with pytest.raises(NotFound, match="Is a directory"):
        compress.read(os.fspath(tmp_path))


def test_decompressors_are_imported_only_when_met() -> None:
    heavy = "{'lzma', 'zlib', 'backports.zstd'}"
    script = f"import sys; import pymodutils.elf.compress; print({heavy} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], env=without_coverage(), capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
