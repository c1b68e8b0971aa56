"""Time and memory limits for hostile modules, images and archives."""

from __future__ import annotations

import gzip
import lzma
import os
import subprocess
from pathlib import Path

import pytest

from pymodutils.elf import compress
from pymodutils.errors import Overspent
from pymodutils.kernel import saved
from pymodutils.kernel.sources import image
from pymodutils.kernel.sources.limits import Budget
from pymodutils.kernelimage import kernel
from tests import memory
from tests.elf import made
from tests.kernel.emulated.modules import ABSOLUTE, WRITE, description, module
from tests.link.objects import Part, Rel
from tests.oracles.modprobe import here

MEBIBYTE = 1 << 20
START = 96  # MiB that Python and our own modules take


def ended(tool: str, words: list[str], cwd: str) -> tuple[int, float]:
    """The status of a command, and its peak memory in MiB."""
    os.chdir(cwd)
    said = here(*words, tool=tool)
    return said.status, memory.peak()


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["gz", "xz"])
def test_a_module_decompresses_into_its_size(tmp_path: Path, suffix: str) -> None:
    data = made.module({".modinfo": b"license=GPL\0", ".data": bytes(200 * MEBIBYTE)})
    packed = gzip.compress(data, 1) if suffix == "gz" else lzma.compress(data, preset=0)
    (tmp_path / f"m.ko.{suffix}").write_bytes(packed)
    status, peak = memory.apart(ended, "modinfo", [f"./m.ko.{suffix}"], str(tmp_path))
    assert status == 0
    assert peak < START + 200 * 9 // 8 + 16


def test_many_small_streams_are_one_module() -> None:
    data = gzip.compress(b"", mtime=0) * 20000 + gzip.compress(b"end", mtime=0)
    assert compress.decompress(data, "m") == b"end"
    data = lzma.compress(b"a") + bytes(8) + lzma.compress(b"b") + bytes(4)
    assert compress.decompress(data, "m") == b"ab"


@pytest.mark.slow
def test_memory_that_stays_zero_costs_nothing(tmp_path: Path) -> None:
    size = 200 * MEBIBYTE
    (tmp_path / "k.json").write_text(saved.dumps(description()))
    (tmp_path / "bss.ko").write_bytes(module(parts=[Part(".bss", b"", WRITE, kind=8, size=size)]))
    words = ["-k", "k.json", "--no-cache", "bss.ko"]
    status, peak = memory.apart(ended, "check", words, str(tmp_path))
    assert status == 0
    assert peak < 2 * START


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["plain", "xz", "signed", "refused"])
def test_a_package_takes_its_largest_module_and_little_more(tmp_path: Path, kind: str) -> None:
    size = 100 * MEBIBYTE
    parts = [Part(".data", bytes(16) + bytes(range(1, 256)) * (size // 255), WRITE)]
    data = module(parts=parts, relocs={".data": [Rel(64 if kind == "refused" else 8, ABSOLUTE, 2)]})
    if kind == "signed":
        data += made.trailer(2, b"", b"", made.sequence(bytes(60)), length=-1)
    name = "big.ko.xz" if kind == "xz" else "big.ko"
    (tmp_path / name).write_bytes(lzma.compress(data, lzma.FORMAT_XZ, preset=0) if kind == "xz" else data)
    subprocess.run(["tar", "-cf", "big.tar", name], cwd=tmp_path, check=True)
    (tmp_path / "k.json").write_text(saved.dumps(description(MODULE_SIG=kind == "signed")))
    status, peak = memory.apart(ended, "check", ["-k", "k.json", "--no-cache", "big.tar"], str(tmp_path))
    assert status == (kind in ("signed", "refused"))
    assert peak < 100 + 64


def test_refused_streams_of_an_image_count() -> None:
    bomb = gzip.compress(bytes(30 * MEBIBYTE), mtime=0)
    with pytest.raises(Overspent, match="--limit ratio"):
        image.describe(bytes(64) + bomb * 30, "k")


def test_the_processor_time_of_an_image_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    passed = iter(range(0, 1000, 5))
    monkeypatch.setattr("time.process_time", lambda: next(passed))
    data = bytes(64) + gzip.compress(bytes(30 * MEBIBYTE), mtime=0)
    with pytest.raises(Overspent, match="--limit cpu"):
        kernel.read(data, "k", Budget("k", len(data)).read)
