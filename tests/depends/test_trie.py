"""Index files, written and read."""

from __future__ import annotations

import itertools
import os
import random
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymodutils.depends.trie import Index, Unindexable, build, reader
from pymodutils.depends.trie.writer import Order
from pymodutils.errors import BadIndex, NotFound
from pymodutils.libc import matches as fnmatch

KEY = st.text("ab:-*?[]!", max_size=7)
TEXT = st.sampled_from(["", "m", "n", "o", "kernel/m.ko: kernel/n.ko"])
ENTRIES = st.lists(st.tuples(KEY, TEXT, st.integers(0, 3)), max_size=25)
ORDER = st.sampled_from(["pre", "post"])
Entries = list[tuple[str, str, int]]


def written(entries: Entries, order: Order = "pre") -> bytes:
    return build([(key.encode(), text.encode(), priority) for key, text, priority in entries], order=order)


def texts_of(entries: Entries, key: str) -> list[tuple[int, str]]:
    """Ascending priorities, the latest of equal ones first."""
    return sorted(((p, text) for name, text, p in reversed(entries) if name == key), key=lambda pair: pair[0])


def is_hit(pattern: str, name: str) -> bool:
    """Everything before the first wildcard is compared literally, the rest by fnmatch."""
    start = next((at for at, char in enumerate(pattern) if char in "*?["), None)
    if start is None:
        return pattern == name
    return name.startswith(pattern[:start]) and fnmatch(pattern[start:], name[start:])


@given(ENTRIES, ORDER)
def test_every_entry_is_found_again(entries: Entries, order: Order) -> None:
    index = Index(written(entries, order))
    index.check()
    keys = sorted({key for key, _, _ in entries})
    assert index.items() == [(key, text) for key in keys for _, text in texts_of(entries, key)]
    for key in keys:
        assert index.get(key) == texts_of(entries, key)[0][1]
        assert index.get(key + "x") is None


@given(ENTRIES, ORDER, st.text("ab:-", max_size=7))
def test_search_finds_what_fnmatch_does(entries: Entries, order: Order, name: str) -> None:
    found = Index(written(entries, order)).search(name)
    hits = [(priority, text) for key, text, priority in entries if is_hit(key, name)]
    assert sorted(found) == sorted(text for _, text in hits)
    priorities = {text: {p for p, hit in hits if hit == text} for _, text in hits}
    if all(len(each) == 1 for each in priorities.values()):
        ranks = [min(priorities[text]) for text in found]
        assert ranks == sorted(ranks)


def test_an_empty_index_is_a_header() -> None:
    assert written([]).hex() == "b007f457000200010000000c"
    assert Index(written([])).items() == []


@pytest.mark.parametrize("entry", [("é", "m", 0), ("a", "\udcff", 0), ("k" * 4096, "m", 0)])
def test_what_the_format_cannot_hold_is_refused(entry: tuple[str, str, int]) -> None:
    key, text, priority = entry
    raw = os.fsencode(key), os.fsencode(text), priority
    with pytest.raises(Unindexable, match="Module index: "):
        build([raw])


def test_the_longest_key_is_read_again() -> None:
    Index(written([("k" * 4095, "m", 0)])).check()


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="run depmod"):
        Index.open(str(tmp_path / "modules.dep.bin"))


def sample() -> Entries:
    """300 aliases as in a real tree, some of them prefixes of others or duplicates."""
    dice = random.Random(7)  # noqa: S311 -- the same damage in each run
    buses = [
        "pci:v0000{:04X}d0000{:04X}sv*sd*bc*sc*i*",
        "usb:v{:04X}p{:04X}d*dc*",
        "of:N*T*Cvendor,{:x}-{:x}C*",
    ]
    aliases = [dice.choice(buses).format(dice.randrange(40), dice.randrange(2000)) for _ in range(250)]
    aliases += ["fs_" + "x" * size for size in range(30)] + aliases[:20]
    return [(alias, f"module{dice.randrange(300)}", dice.randrange(300)) for alias in aliases]


def read_everything(data: bytes) -> None:
    """Call every query; BadIndex is acceptable, any other exception is not."""
    for ask in (Index.check, lambda index: index.items(), *ASKED):
        try:
            ask(Index(data))
        except BadIndex:
            continue


NAMES = ["pci:v00000011d00000222sv00000000sd00000000bc06sc04i00", "of:NaTbCvendor,3-7", "fs_xxxxx", "*[?", ""]
ASKED: list[Callable[[Index], object]] = [
    *(lambda index, name=name: index.get(name) for name in NAMES),
    *(lambda index, name=name: index.search(name) for name in NAMES),
]


@pytest.mark.parametrize("order", ["pre", "post"])
def test_a_thousand_damaged_files_are_read_or_refused(order: Order) -> None:
    whole = written(sample(), order)
    dice = random.Random(order)  # noqa: S311
    for _ in range(1000):
        data = bytearray(whole)
        for _ in range(dice.randrange(1, 5)):
            data[dice.choice([dice.randrange(len(data)), dice.randrange(64)])] = dice.randrange(256)
        if dice.random() < 0.2:
            del data[dice.randrange(len(data)) :]
        read_everything(bytes(data))


def hand_made(root: int, rest: bytes) -> bytes:
    return struct.pack(">IHHI", 0xB007F457, 2, 1, root) + rest


CHILD, LEAF, NODE = 0x20000000, 0x40000000, 0xE0000000
CROOKED = {
    "its own child": hand_made(CHILD | 12, b"aa" + struct.pack(">I", CHILD | 12)),
    "two nodes in a circle": hand_made(
        CHILD | 18, b"aa" + struct.pack(">I", CHILD | 18) + b"bb" + struct.pack(">I", CHILD | 12)
    ),
    "more values than bytes": hand_made(LEAF | 12, struct.pack(">II", 0xFFFFFFFF, 0) + b"m\0"),
    "a prefix without end": hand_made(0x80000000 | 12, b"abc"),
    "a child outside": hand_made(CHILD | 12, b"aa" + struct.pack(">I", LEAF | 0x0FFFFFF0)),
    "last before first": hand_made(CHILD | 12, b"ba" + bytes(64)),
    "a root in the header": hand_made(CHILD | 4, bytes(64)),
    "no root": hand_made(0, bytes(64)),
    "an unknown part": hand_made(0x30000000 | 12, b"aa" + struct.pack(">I", LEAF | 18) + bytes(4)),
    "an older version": struct.pack(">IHHI", 0xB007F457, 1, 1, 12),
    "another file": b"\x7fELF" + bytes(60),
    "half a header": b"\xb0\x07\xf4\x57",
    "nothing": b"",
    "a gap": written([("a", "m", 0)]) + b"\0",
    "a child shared": hand_made(
        CHILD | 12, b"ab" + struct.pack(">II", LEAF | 22, LEAF | 22) + struct.pack(">II", 1, 0) + b"m\0"
    ),
}


@pytest.mark.parametrize("case", CROOKED)
def test_a_crooked_file_is_refused(case: str) -> None:
    with pytest.raises(BadIndex, match="bad index: "):
        Index(CROOKED[case]).check()
    read_everything(CROOKED[case])


def test_a_file_that_fans_out_without_end_is_refused() -> None:
    """60 levels, both children of each node being the same node: 2^60 paths without a loop."""
    levels = 60
    nodes = [b"ab" + struct.pack(">II", *[CHILD | 12 + 10 * (level + 1)] * 2) for level in range(levels)]
    data = hand_made(CHILD | 12, b"".join(nodes) + b"ab" + bytes(8))
    for ask in (Index.check, lambda index: index.items()):
        with pytest.raises(BadIndex, match="overlap"):
            ask(Index(data))


def test_keys_of_two_thousand_levels_are_listed() -> None:
    keys = ["x" * size for size in range(1, 2001)]
    assert Index(written([(key, "m", 0) for key in keys])).items() == [(key, "m") for key in keys]


def test_bytes_that_are_not_ascii_come_out_as_they_went_in() -> None:
    rest = b"ab" + struct.pack(">II", LEAF | 22, 0) + struct.pack(">II", 1, 0) + b"\xc3\xa4\xff\0"
    data = hand_made(CHILD | 12, rest)
    assert Index(data).items() == [("a", "\xe4\udcff")] == [("a", text) for text in Index(data).search("a")]


def test_a_file_of_one_deep_path_is_refused_soon() -> None:
    depth = 200_000
    nodes = (b"aa" + struct.pack(">I", CHILD | 12 + 6 * (level + 1)) for level in range(depth))
    index = Index(hand_made(CHILD | 12, b"".join(itertools.chain(nodes, [b"aa" + bytes(4)]))))
    with pytest.raises(BadIndex, match="too long"):
        index.check()
    read_everything(index._data[:])


def test_a_large_file_is_read_in_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [(b"key%d" % at, b"x" * (at * 37 % 40000), at) for at in range(200)]
    path = tmp_path / "modules.dep.bin"
    path.write_bytes(build(entries))
    whole = Index.open(path)
    monkeypatch.setattr(reader, "LARGE", 0)
    paged = Index.open(path)
    for key, text, _ in entries:
        assert paged.get(key.decode()) == whole.get(key.decode()) == text.decode()
    assert paged.search("key7") == whole.search("key7")
    assert paged.items() == whole.items()
    paged.check()
    os.truncate(path, path.stat().st_size // 2)
    cut = Index.open(path)
    with pytest.raises(BadIndex):
        cut.check()
    with pytest.raises(BadIndex):
        cut.items()
