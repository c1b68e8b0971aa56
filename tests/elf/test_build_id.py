"""Build IDs, compared with pyelftools."""

from __future__ import annotations

from struct import pack

import pytest

from pymodutils.elf.decode import build_id
from pymodutils.elf.scan import Elf
from tests.oracles import elf as oracle
from tests.oracles.trees import tree

NOTE = pack("<3I", 4, 20, 3) + b"GNU\0" + bytes(range(20))


def test_is_what_stands_behind_the_name() -> None:
    assert build_id(NOTE, "little") == bytes(range(20))
    assert build_id(pack(">3I", 4, 20, 3) + NOTE[12:], "big") == bytes(range(20))


@pytest.mark.parametrize("note", [b"", NOTE[:10], b"\5" + NOTE[1:], NOTE[:8] + b"\1" + NOTE[9:], bytes(40)])
def test_another_note_is_none(note: bytes) -> None:
    assert build_id(note, "little") == b""


@pytest.mark.lane
@pytest.mark.parametrize("name", ["amd64", "s390x"])
def test_real_modules(name: str) -> None:
    path = next(tree(name).modules.rglob("loop.ko"))
    with Elf.open(str(path)) as elf:
        note = elf.section(".note.gnu.build-id")
    assert note is not None
    assert build_id(note, elf.order).hex() == oracle.build_id(path)
