"""libzstd by ctypes against Python's own zstd: the same content, or the same refusal."""

from __future__ import annotations

import ctypes
import errno
import io
import random
import sys
from pathlib import Path

import pytest

from pymodutils.elf import compress, libzstd
from pymodutils.errors import BadModule

try:
    libzstd.loaded()
except ImportError as error:
    pytest.skip(str(error), allow_module_level=True)

DATA = b"\x7fELF" + bytes(range(256)) * 5000 + random.Random(1).randbytes(300_000)  # noqa: S311 -- no secret
FRAME = compress.zstd().compress(DATA)


@pytest.fixture
def without_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python has no zstd."""
    for name in ("compression", "backports"):
        monkeypatch.setitem(sys.modules, name, None)


def attempt(data: bytes) -> bytes | str:
    try:
        return compress.decompress(data, "m")
    except BadModule as error:
        return str(error)


def damaged() -> list[bytes]:
    chosen = random.Random(2)  # noqa: S311 -- no secret
    found = [FRAME[:cut] for cut in (6, 20, 5000, len(FRAME) - 1)]
    for _ in range(60):
        data = bytearray(FRAME)
        data[chosen.randrange(4, len(data))] ^= 1 << chosen.randrange(8)
        found.append(bytes(data))
    return found


@pytest.mark.usefixtures("without_python")
def test_it_is_used_without_another() -> None:
    assert compress.zstd() is libzstd
    for data, content in ((FRAME, DATA), (FRAME * 2, DATA * 2), (libzstd.compress(b""), b"")):
        assert attempt(data) == content


def test_damaged_data_is_the_same_to_both(request: pytest.FixtureRequest) -> None:
    expected = [attempt(data) for data in damaged()]
    assert any(isinstance(it, str) for it in expected)
    request.getfixturevalue("without_python")
    assert [attempt(data) for data in damaged()] == expected


def test_files_are_read_in_pieces() -> None:
    file = libzstd.ZstdFile(io.BytesIO(FRAME + FRAME))
    assert file.read(1000) == DATA[:1000]
    assert file.read() == (DATA + DATA)[1000:]
    for cut in (3, 5000, len(FRAME) - 1):
        with pytest.raises(EOFError):
            libzstd.ZstdFile(io.BytesIO(FRAME[:cut])).read()
    assert libzstd.ZstdFile(io.BytesIO(b"")).read() == b""


def test_what_it_packs_is_read_by_python() -> None:
    assert compress.zstd().decompress(libzstd.compress(DATA, 1)) == DATA
    assert libzstd.decompress(FRAME) == DATA
    with pytest.raises(libzstd.ZstdError):
        libzstd.decompress(FRAME[:-1])


@pytest.mark.usefixtures("without_python")
def test_without_either_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def absent(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    libzstd.loaded.cache_clear()
    monkeypatch.setattr(ctypes, "CDLL", absent)
    (tmp_path / "m.ko").write_bytes(FRAME)
    with pytest.raises(BadModule, match="zstd needs a library that is not installed") as caught:
        compress.read(str(tmp_path / "m.ko"))
    assert caught.value.errno == errno.ENOSYS
