"""Compressed kernel descriptions with any block size."""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from pymodutils.elf import compress
from pymodutils.kernel import saved
from pymodutils.kernel.sources import source
from tests.kernel.emulated.modules import description

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "zst": lambda data: compress.zstd().compress(data),
    "xz": lzma.compress,
    "gz": gzip.compress,
}


@pytest.mark.parametrize("end", PACKERS)
def test_a_compressed_description_is_read(end: str, tmp_path: Path) -> None:
    known = description()
    noise = tuple(f"conflict {number * number * 7919 % 1000003}" for number in range(20_000))
    path = tmp_path / f"kernel.json.{end}"
    path.write_bytes(PACKERS[end](saved.dumps(known._replace(conflicts=noise)).encode()))
    assert path.stat().st_size > 2 * source.START
    assert source.describe([str(path)]).exports == known.exports
