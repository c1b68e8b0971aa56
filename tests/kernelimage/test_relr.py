"""The link address of an image whose relocations are packed; real ones are in test_real."""

from __future__ import annotations

import random
from struct import pack, pack_into

import pytest

from pymodutils.kernelimage import linkbase, relr

BASE, RELATIVE = 0xFFFF_8000_8000_0000, 1027
SIZE, TABLE = 1 << 21, 1 << 20  # of the image; where the table is
START = 0x2_0000  # of the places


def packed(places: list[int]) -> bytes:
    """``places``, ascending, as the gABI encodes SHT_RELR."""
    words, left = [], list(places)
    while left:
        words.append(left.pop(0))
        begin = words[-1] + 8
        while bits := sum(1 << (at - begin) // 8 + 1 for at in left[:63] if at - begin < 63 * 8):
            words.append(bits | 1)
            left = left[bits.bit_count() :]
            begin += 63 * 8
    return pack(f"<{len(words)}Q", *words)


@pytest.fixture(scope="module")
def places() -> list[int]:
    chosen = random.Random(7)  # noqa: S311 -- the same each time
    return [BASE + at for at in range(START, TABLE - 0x1_0000, 8) if chosen.random() < 0.6]


@pytest.fixture(scope="module")
def image(places: list[int]) -> bytes:
    chosen = random.Random(8)  # noqa: S311 -- the same each time
    data = bytearray(chosen.randbytes(SIZE))
    for place in places:
        pack_into("<Q", data, place - BASE, BASE + chosen.randrange(SIZE))
    table = bytes(8) + packed(places) + bytes(8)
    data[TABLE : TABLE + len(table)] = table
    return bytes(data)


def test_the_table_is_found_and_decoded(image: bytes, places: list[int]) -> None:
    assert relr.places(image, len(places)) == places
    assert set(relr.places(image, 100)) <= set(places)


def test_the_start_is_the_only_one_that_all_places_fit(image: bytes) -> None:
    assert linkbase.find(image, RELATIVE) == BASE
    assert linkbase.find(image, 0) is None


def test_without_a_table(image: bytes) -> None:
    assert relr.places(image[:TABLE], 10) == []
    assert linkbase.find(image[:TABLE], RELATIVE) is None
