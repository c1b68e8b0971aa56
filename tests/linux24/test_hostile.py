"""2.4 modules that request too much memory are refused before any is allocated."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from tests import memory
from tests.linux24.objects import module, written
from tests.linux24.vectors import file
from tests.oracles.modprobe import here

FIELDS = {"type": 1, "size": 5, "align": 8}  # of a section header
SECTION = 2  # .data
CASES = {
    "bss": {"type": 8, "size": 3 << 30},
    "alignment": {"align": 1 << 31},
    "all-ones": {"align": (1 << 32) - 1},
}


def changed(data: bytes, **fields: int) -> bytes:
    """``data`` with changed fields in the header of .data."""
    made = bytearray(data)
    (table,) = struct.unpack_from("<I", made, 32)
    for name, value in fields.items():
        struct.pack_into("<I", made, table + 40 * SECTION + 4 * FIELDS[name], value)
    return bytes(made)


def ended(tool: str, words: list[str], cwd: str) -> tuple[int, str, float]:
    os.chdir(cwd)
    said = here(*words, tool=tool)
    return said.status, said.err, memory.peak()


@pytest.mark.slow
@pytest.mark.parametrize("case", sorted(CASES))
def test_more_than_vmalloc_has(tmp_path: Path, case: str) -> None:
    (tmp_path / "ksyms").write_bytes(file("i386.ksyms"))
    here(
        "boot", str(tmp_path / "k24"), "--generation", "2.4", "--from", str(tmp_path / "ksyms"), tool="kernel"
    )
    written(tmp_path, "made", changed(module(), **CASES[case]))
    backend = ["--backend", f"emulated:{tmp_path}/k24"]
    for tool, words in (("insmod", ["./made.o"]), ("depmod", ["-n", "./made.o"])):
        status, said, peak = memory.apart(ended, tool, [*backend, *words], str(tmp_path))
        assert status == 1
        assert "can't allocate kernel memory for module; needed" in said
        assert peak < 160
