"""pyelftools and the scanner return the same bytes, or both refuse."""

from __future__ import annotations

import random

import pytest

from pymodutils.elf import decode
from pymodutils.elf.headers import Section
from pymodutils.elf.scan import Elf
from pymodutils.errors import BadModule
from pymodutils.signature import fields
from tests.elf import made
from tests.elf.second_reader import SecondReader
from tests.oracles.trees import tree

ROUNDS = 150  # damaged copies of each of the modules
STRICTER = (  # what only the image looks at: tables that nobody asked for
    "sh_entsize of SHT_REL",
    "section size to be a multiple",
    "points at section",
    "section points at",
    "expected 4, found",
    "Unexpected section type",
    "past EOF",
)


def seen(elf: Elf | SecondReader) -> tuple[object, ...]:
    """All results of a reader, decoded."""
    sections: list[Section] = elf.sections
    contents = [elf.content(at) for at in range(len(sections))]
    information = decode.modinfo(elf.section(".modinfo") or b"")
    return elf.bits, elf.order, elf.machine, elf.size, sections, contents, information, fields.find(elf)


def answer(finder: type[Elf | SecondReader], data: bytes) -> tuple[object, ...] | BadModule:
    try:
        return seen(finder(data))
    except BadModule as error:
        return error


def damaged(data: bytes, chance: random.Random) -> bytes:
    """``data`` with some bytes of headers and tables changed, or truncated."""
    copy = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        headers = range(64)
        tables = range(max(0, len(copy) - 5000), len(copy))
        copy[chance.choice(chance.choice([headers, tables, range(len(copy))]))] = chance.randrange(256)
    return bytes(copy[: chance.randrange(len(copy))] if chance.random() < 0.2 else copy)


@pytest.mark.lane
@pytest.mark.parametrize("name", ["amd64", "s390x", "armhf", "uml"])
def test_real_modules(name: str) -> None:
    for path in sorted(tree(name).modules.rglob("*.ko"), key=lambda path: path.stat().st_size)[:600:40]:
        data = path.read_bytes()
        assert answer(SecondReader, data) == answer(Elf, data)


@pytest.mark.lane
@pytest.mark.slow
@pytest.mark.parametrize("name", ["amd64", "s390x", "armhf", "uml"])
def test_damaged_modules(name: str) -> None:
    chance = random.Random(name)  # noqa: S311 -- a fixed seed
    paths = sorted(tree(name).modules.rglob("*.ko"), key=lambda path: path.stat().st_size)[:50:25]
    refused = 0
    for path in paths * ROUNDS:
        data = damaged(path.read_bytes(), chance)
        ours, theirs = answer(Elf, data), answer(SecondReader, data)
        if isinstance(theirs, BadModule) and not isinstance(ours, BadModule):
            assert any(reason in str(theirs) for reason in STRICTER)
        elif isinstance(ours, BadModule):
            assert isinstance(theirs, BadModule)
            refused += 1
        else:
            assert ours == theirs
    assert ROUNDS // 10 < refused < len(paths) * ROUNDS * 0.9


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
def test_modules_made_by_hand(bits: int, order: str) -> None:
    data = made.module({".modinfo": b"a=b\0", ".text": b"", "x": b"\xff"}, bits, order)
    assert answer(SecondReader, data) == answer(Elf, data)
    assert SecondReader(data).section(".modinfo") == b"a=b\0"
    assert SecondReader(data).section("absent") is None
    with pytest.raises(BadModule, match="no section 9"):
        SecondReader(data).content(9)


@pytest.mark.parametrize("data", [b"", b"MZ" * 50, b"\x7fELF", b"\x7fELF\x02\x01" + bytes(80)])
def test_both_refuse_with_the_same_errno(data: bytes) -> None:
    ours, theirs = answer(Elf, data), answer(SecondReader, data)
    assert isinstance(ours, BadModule)
    assert isinstance(theirs, BadModule)
    assert ours.errno == theirs.errno


@pytest.mark.parametrize("bits", [32, 64])
def test_names_without_end_are_refused_by_both(bits: int) -> None:
    data = made.module({".modinfo": b"a=b\0"}, bits).replace(b".shstrtab\0", b".shstrtab!")
    for finder in (Elf, SecondReader):
        with pytest.raises(BadModule, match="the names of its sections do not end"):
            finder(data)
