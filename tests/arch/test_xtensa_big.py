"""Big-endian Xtensa instructions, as QEMU disassembles them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from pymodutils.arch.xtensa import CALL, L32R, XTENSA_BIG
from tests.arch.cases import STEP, built, case, ours, targets
from tests.arch.linkers import JUDGED
from tests.oracles.debian import unpacked

JUDGE = next(one for one in JUDGED if one.arch is XTENSA_BIG)
WORDS = {CALL: "call0", L32R: "l32r"}
SHOWN = re.compile(r"^0x([0-9a-f]{8}):\s+(\w+)\s.*?0x([0-9a-f]+)\s*$", re.MULTILINE)


def disassembled(folder: Path, text: bytes, base: int, places: Iterable[int]) -> dict[int, tuple[str, int]]:
    """The instructions at ``places`` and their targets, with ``text`` at ``base``."""
    qemu = unpacked("qemu-system-misc") / "usr/bin/qemu-system-xtensaeb"
    (folder / "text").write_bytes(text)
    words = [str(qemu), "-M", "sim", "-cpu", "fsf", "-S", "-display", "none", "-serial", "null"]
    words += ["-monitor", "stdio", "-device", f"loader,file={folder / 'text'},addr={base:#x}"]
    asked = "".join(f"xp /1i {place:#x}\n" for place in places)
    done = subprocess.run(words, input=f"{asked}quit\n", capture_output=True, text=True, check=True)
    shown = done.stdout.replace("\r", "\n")
    return {int(place, 16): (word, int(target, 16)) for place, word, target in SHOWN.findall(shown)}


@pytest.mark.lane
@pytest.mark.parametrize("base", [0x0100_0000, 0xFE20_0000], ids=hex)  # where that machine has memory
def test_calls_and_loads_lead_to_their_symbols(base: int, tmp_path: Path) -> None:
    wanted = [(number, value) for number in WORDS for value in sorted(targets(JUDGE, number))]
    todo = [case(JUDGE, number, value, base + at * STEP) for at, (number, value) in enumerate(wanted)]
    data, imports = built(JUDGE, todo)
    text = ours(XTENSA_BIG, data, imports, base)
    places = range(base, base + len(text), STEP)
    expected = [(WORDS[one.number], one.symbol + one.addend) for one in todo]
    found = disassembled(tmp_path, text, base, places)
    assert [found[place] for place in places] == expected
