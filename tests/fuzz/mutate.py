"""Mutations of bytes and lines, reproducible by seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

NASTY: Final = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63, 2**64 - 1)
WORDS: Final = (
    *(
        b"",
        b" ",
        b"\t",
        b"\n",
        b"\0",
        b"\f",
        b"\r",
        b"\\",
        b'"',
        b"'",
        b"#",
        b"[",
        b"]",
        b"*",
        b"?",
        b"=",
        b",",
    ),
    *(b"../..", b"/dev/zero", b"\x1b[2J", b"::error::", b"%s%n", b"\xff\xfe", b"alias a b", b"options x y=z"),
    *(b"install x y", b"softdep a pre: a", b"9" * 40, b"-1", b"A" * 5000),
)


def mutant(seed: bytes, number: int) -> bytes:
    """``seed`` after one to six mutations; ``number`` selects them."""
    chance = random.Random(number)  # noqa: S311 -- cases, not secrets
    data = bytearray(seed)
    for _ in range(chance.choice((1, 1, 2, 3, 6))):
        chance.choice(MUTATIONS)(data, chance)
    return bytes(data)


def _place(data: bytearray, chance: random.Random) -> int:
    """An offset, more often near the start, where headers are."""
    reach = chance.choice((64, 512, len(data)))
    return chance.randrange(max(min(len(data), reach), 1))


def _flip(data: bytearray, chance: random.Random) -> None:
    if data:
        data[_place(data, chance)] ^= 1 << chance.randrange(8)


def _number(data: bytearray, chance: random.Random) -> None:
    size = chance.choice((1, 2, 4, 8))
    at = _place(data, chance) // size * size
    value = chance.choice(NASTY) % 256**size
    data[at : at + size] = value.to_bytes(size, chance.choice(("little", "big")))


def _digits(data: bytearray, chance: random.Random) -> None:
    """Replace a run of ASCII digits: sizes in headers of archives, numbers in text."""
    at = _place(data, chance)
    while at < len(data) and not 48 <= data[at] <= 57:
        at += 1
    end = at
    while end < len(data) and 48 <= data[end] <= 57:
        end += 1
    text = str(chance.choice(NASTY)).encode()
    data[at:end] = text[: end - at] if chance.random() < 0.8 else text


def _cut(data: bytearray, chance: random.Random) -> None:
    del data[_place(data, chance) :]


def _remove(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    del data[at : at + chance.choice((1, 4, 64, 1000))]


def _repeat(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    data[at:at] = data[at : at + chance.choice((1, 8, 64, 1000))] * chance.choice((1, 2, 50))


def _word(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    data[at:at] = chance.choice(WORDS)


def _swap(data: bytearray, chance: random.Random) -> None:
    one, other = _place(data, chance), _place(data, chance)
    size = chance.choice((1, 8, 64))
    data[one : one + size], data[other : other + size] = data[other : other + size], data[one : one + size]


MUTATIONS: Final[tuple[Callable[[bytearray, random.Random], None], ...]] = (
    *(_flip, _flip, _number, _number, _digits, _cut, _remove, _repeat, _word, _swap),
)
