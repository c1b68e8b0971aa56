"""CK810 calls, as GNU objdump disassembles them: expanded to two instructions or unchanged."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from pymodutils.arch.csky import CALL, CSKY
from tests.arch.cases import ours
from tests.link.objects import Part, Rel, Sym, make
from tests.oracles import binutils

CK810 = 0x2000_0008  # e_flags: ABI 2, this core
JSRI, NOP, BSR = b"\xe0\xea\x07\x00", b"\x00\xc4\x20\x48", b"\x00\xe0\x34\x12"
TEXT = JSRI + NOP + BSR + NOP + bytes(16)  # where the literal is


def disassembled(folder: Path, text: bytes) -> list[str]:
    """The first four instructions of ``text``."""
    (folder / "file").write_bytes(make(CSKY, [Part(".text", text, align=4)], [], {}, e_flags=CK810))
    words = [binutils.program("objdump"), "-d", "--no-show-raw-insn", str(folder / "file")]
    shown = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return re.findall(r"^ +[0-9a-f]+:\t(.+?)\s*(?://.*)?$", shown, re.MULTILINE)[:4]


@pytest.mark.lane
def test_calls_of_the_ck810(tmp_path: Path) -> None:
    calls = [Rel(at, CALL, 1) for at in (0, 8)]
    data = make(CSKY, [Part(".text", TEXT, align=4)], [Sym("s")], {1: calls}, e_flags=CK810)
    before = disassembled(tmp_path, TEXT)
    assert [insn.split()[0] for insn in before] == ["jsri", "lsli", "bsr", "lsli"]
    assert ours(CSKY, data, {"s": 0x8000_0000}, 0) == TEXT
    after = disassembled(tmp_path, ours(CSKY, data, {"s": 0x8000_0000}, 0, {"CPU_CK810": "y"}))
    assert [insn.split()[0] for insn in after] == ["lrw", "jsr", "bsr", "lsli"]
    assert after[0].split()[1] == "r26,"
    assert after[1].split()[1] == "r26"
    assert after[2:] == before[2:]
    assert before[0].split()[1] == after[0].split()[2]  # the literal is the same
