"""Hostile modules: linked or refused, in bounded time and memory."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from struct import pack_into

import pytest

from pymodutils.elf.scan import Elf
from pymodutils.errors import ModutilsError
from pymodutils.link import extable
from pymodutils.link.layout import LIMIT
from tests import memory
from tests.link.modules import linked, paths

MODULES = ("dummy", "crc16", "vfat", "tun", "loop", "crc32c_intel", "kvm_intel")
CASES = 2000
SECONDS = 20  # for one module, on a machine with other things to do
MEMORY = 2 * LIMIT >> 20  # MiB
NASTY = (
    0,
    1,
    2,
    7,
    0x7F,
    0xFF,
    0xFFF1,
    0xFFF2,
    0xFFFF,
    1 << 31,
    (1 << 31) - 1,
    (1 << 32) - 1,
    1 << 63,
    (1 << 64) - 1,
)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """``data`` with one to eight numbers changed, mostly ones that the loader trusts."""
    copy = bytearray(data)
    elf = Elf(data)
    table = int.from_bytes(data[0x28:0x30], "little")
    targets = [section for section in elf.sections if section.sh_type in (2, 4)]
    for _ in range(chance.randint(1, 8)):
        kind = chance.randrange(5)
        if kind < 2:  # a field of a section header
            at = (
                table
                + 64 * chance.randrange(1, len(elf.sections))
                + chance.choice((0, 4, 8, 24, 32, 40, 44, 48, 56))
            )
        elif kind < 4:  # a word of a symbol or a relocation
            section = chance.choice(targets)
            at = section.sh_offset + 4 * chance.randrange(section.sh_size // 4)
        else:
            at = chance.randrange(len(data) - 8)
        width = chance.choice((1, 2, 4, 8))
        value = chance.choice((chance.choice(NASTY), chance.getrandbits(64), chance.randrange(256)))
        pack_into({1: "B", 2: "<H", 4: "<I", 8: "<Q"}[width], copy, at, value & (1 << 8 * width) - 1)
    return bytes(copy[: chance.randrange(len(copy))] if chance.randrange(20) == 0 else copy)


def outcome(data: bytes) -> str:
    """The outcome of linking ``data`` in a word."""
    try:
        extable.sort(linked(data).image)
    except ModutilsError as error:
        return type(error).__name__
    return "linked"


@pytest.mark.slow
@pytest.mark.lane
def test_two_thousand_modules_that_lie() -> None:
    memory.apart(two_thousand_modules_that_lie)


def two_thousand_modules_that_lie() -> None:
    originals = [paths("amd64")[name].read_bytes() for name in MODULES]
    chance = random.Random(3)  # noqa: S311 -- cases, not secrets
    seen: Counter[str] = Counter()
    slowest = 0.0
    before = memory.peak()
    signal.alarm(SECONDS * 10)
    for _ in range(CASES):
        data = mutated(chance.choice(originals), chance)
        start = time.perf_counter()
        seen[outcome(data)] += 1
        slowest = max(slowest, time.perf_counter() - start)
    signal.alarm(0)
    assert slowest < SECONDS
    assert memory.peak() - before < MEMORY
    assert set(seen) == {"linked", "LinkError", "OutOfBounds", "BadModule", "NoMemory"}
    assert seen["OutOfBounds"] > 50
