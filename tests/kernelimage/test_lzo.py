"""lzop streams, by our own code and by the library."""

from __future__ import annotations

import random
from importlib.util import find_spec

import pytest

from pymodutils.kernelimage import lzo
from pymodutils.kernelimage.lz4 import DamagedData
from tests.kernelimage.test_payloads import run
from tests.oracles.debian import Unavailable

TEXT = b"".join(b"line %d of a text that repeats itself\n" % (at % 97) for at in range(9000))


@pytest.mark.lane
@pytest.mark.parametrize("effort", ["-1", "-3", "-9"])
def test_both_ways_read_what_lzop_writes(effort: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not find_spec("lzallright"):
        raise Unavailable("no lzallright (pip install pymodutils[lzo])")
    chance = random.Random(1)  # noqa: S311 -- bytes that do not compress
    content = TEXT + chance.randbytes(300_000)
    packed = run(["lzop", effort], content)
    assert lzo.decompress(packed, 1 << 20) == content
    monkeypatch.setattr(lzo, "_library", lambda: None)
    assert lzo.decompress(packed, 1 << 20) == content


@pytest.mark.lane
def test_both_ways_refuse_the_same_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    if not find_spec("lzallright"):
        raise Unavailable("no lzallright (pip install pymodutils[lzo])")
    packed = run(["lzop", "-9"], TEXT[:20_000])
    chance = random.Random(2)  # noqa: S311 -- places to damage
    for _ in range(60):
        copy = bytearray(packed)
        copy[chance.randrange(60, len(copy))] ^= 1 << chance.randrange(8)
        answers = []
        for library in (lzo._library, lambda: None):
            with monkeypatch.context() as patch:
                patch.setattr(lzo, "_library", library)
                try:
                    answers.append(lzo.decompress(bytes(copy), 1 << 20))
                except DamagedData:
                    answers.append(b"")
        assert answers[0] == answers[1]
