"""Compressed modules on kernels that decompress modules."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from tests.checks.made import Desk, advice, errors
from tests.kernel.emulated.modules import SWITCHES

DECOMPRESSES = {**SWITCHES, "MODULE_COMPRESS_XZ": True, "MODULE_DECOMPRESS": True}


def packed(desk: Desk, check: int) -> str:
    return desk.file("made.ko.xz", lzma.compress(Path(desk.module()).read_bytes(), check=check))


@pytest.mark.parametrize("check", [lzma.CHECK_NONE, lzma.CHECK_CRC32])
def test_what_xz_embedded_takes_loads(desk: Desk, check: int) -> None:
    assert desk.verdict(packed(desk, check), kernel=desk.kernel(switches=DECOMPRESSES)).loads


@pytest.mark.parametrize("check", [lzma.CHECK_CRC64, lzma.CHECK_SHA256])
def test_other_checks_do_not(desk: Desk, check: int) -> None:
    found = desk.verdict(packed(desk, check), kernel=desk.kernel(switches=DECOMPRESSES))
    assert list(errors(found)) == ["compression"]
    assert "decompression failed with status 6" in found.log
    assert "--check=crc32" in advice(found, "compression")


def test_a_kernel_that_decompresses_nothing_gets_the_module_itself(desk: Desk) -> None:
    assert desk.verdict(packed(desk, lzma.CHECK_CRC64), kernel=desk.kernel(switches=SWITCHES)).loads


def test_a_second_stream_is_not_seen(desk: Desk) -> None:
    data = Path(desk.module()).read_bytes()
    halves = (lzma.compress(half, check=lzma.CHECK_CRC32) for half in (data[:1000], data[1000:]))
    found = desk.verdict(desk.file("made.ko.xz", b"".join(halves)), kernel=desk.kernel(switches=DECOMPRESSES))
    assert list(errors(found)) == ["compression"]
    assert "--check=crc32" in advice(found, "compression")
