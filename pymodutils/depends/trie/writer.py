"""Write index files from sorted entries in one pass."""

from __future__ import annotations

import sys
from array import array
from itertools import chain, pairwise, repeat, starmap
from operator import itemgetter, xor
from struct import Struct, pack
from typing import TYPE_CHECKING, Literal

from pymodutils.depends.trie.layout import (
    CHILDREN,
    HEADER,
    LONGEST,
    MAGIC,
    MAJOR,
    MINOR,
    OFFSET,
    PREFIX,
    VALUES,
)
from pymodutils.errors import ModutilsError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

Order = Literal["pre", "post"]
LEAF = PREFIX | VALUES
NOTHING = array("I", bytes(4 * 128))
USED = b"\0" + b"\1" * 255  # maps nonzero bytes to 1
_RANK = itemgetter(slice(5, 9))  # the priority in NUL, count, priority, text, NUL


class Unindexable(ModutilsError):
    """A key or text that the format cannot represent; the subject is that text."""


def build(entries: Iterable[tuple[bytes, bytes, int]], *, order: Order = "pre") -> bytes:
    """The index file of ``entries``: key, text and priority.

    Texts of one key are in ascending priority; of equal ones the latest entry comes first.
    Raises Unindexable for a byte that is not ASCII, a key longer than LONGEST, or a file larger than 256 MiB;
    depmod omits such entries.
    """
    values = _values(entries)
    _check(values)
    return _Layout(upwards=order == "post").file(sorted(values, reverse=order == "pre"), values)


def _values(entries: Iterable[tuple[bytes, bytes, int]]) -> dict[bytes, bytes]:
    """NUL and the value part of each key's node: count, then priority, text and NUL of each.

    Runs of entries with the same text and priority share their encoding.
    """
    values: dict[bytes, bytes] = {}
    several: dict[bytes, list[bytes]] = {}
    texts: list[bytes] = []
    one = Struct(">xII").pack
    last, rank, value = None, -1, b""
    for key, text, priority in entries:
        if text is not last or priority != rank:
            last, rank, value = text, priority, one(1, priority) + text + b"\0"
            texts.append(text)
        if key not in values:
            values[key] = value
        elif key in several:
            several[key].append(value)
        else:
            several[key] = [values[key], value]
    _check(texts)
    for key, found in several.items():
        found.reverse()
        found.sort(key=_RANK)
        values[key] = pack(">xI", len(found)) + b"".join([value[5:] for value in found])
    return values


def _check(texts: Collection[bytes]) -> None:
    if b"".join(texts).isascii():
        return
    text = next(text for text in texts if not text.isascii()).decode("utf-8", "surrogateescape")
    odd = next(char for char in text if not char.isascii())
    code = odd.encode("utf-8", "surrogateescape")[0]
    raise Unindexable(
        text, f"Module index: bad character '{odd}'={code:#x} - only 7-bit ASCII is supported:\n{text}"
    )


def _shared(keys: Sequence[bytes]) -> Iterator[int]:
    """The length of the common prefix of each key with the next one; 0 for the last."""
    width = max(map(len, keys), default=0)
    if width > LONGEST:
        raise Unindexable("", f"Module index: a key of {width} bytes is too long")
    numbers = map(int.from_bytes, map(bytes.ljust, keys, repeat(width), repeat(b"\0")))
    differ = map(int.bit_length, starmap(xor, pairwise(numbers)))
    alike = [width - (bits + 7 >> 3) for bits in range(8 * width + 1)]
    return chain(map(alike.__getitem__, differ), repeat(0, min(len(keys), 1)))


class _Layout:
    """Lays out the nodes of sorted keys, each after its children.

    Ascending keys laid out upwards give post-order. Descending ones laid out downwards from the end of the
    file give pre-order; offsets are relative to the end until the size is known.
    """

    def __init__(self, *, upwards: bool) -> None:
        self.upwards = upwards
        self.at = HEADER.size if upwards else 0
        self.parts: list[bytes] = []
        self.tables: list[tuple[int, int, bytes]] = []  # index in parts, number of words, values after them
        self.words = array("I")  # of all tables, concatenated
        # the nodes on the path to the current key, which may get more children
        self.depths = [0]
        self.children: list[dict[int, int]] = [{}]  # character -> word
        self.values: dict[int, bytes] = {}  # by depth

    def file(self, keys: Sequence[bytes], values: Mapping[bytes, bytes]) -> bytes:
        """The whole file of sorted ``keys``."""
        self._lay(keys, values)
        value = self.values.get(0, b"")[1:]
        if not self.children[0]:
            return HEADER.pack(MAGIC, MAJOR, MINOR, HEADER.size | (VALUES if value else 0)) + value
        root = self._inner(b"", self.children[0], value)
        end = 0 if self.upwards else HEADER.size - self.at
        if abs(self.at) + HEADER.size > OFFSET:
            raise Unindexable("", "Module index: larger than 256 MiB")
        self._fill_tables(end)
        header = HEADER.pack(MAGIC, MAJOR, MINOR, root + end)
        return b"".join([header, *(self.parts if self.upwards else reversed(self.parts))])

    def _lay(self, keys: Sequence[bytes], values: Mapping[bytes, bytes]) -> None:
        """Lay out the nodes of all keys and inner nodes, except the root."""
        parts, depths, upwards, at = self.parts, self.depths, self.upwards, self.at
        children = self.children
        depth = 0
        for key, value, shared in zip(keys, map(values.__getitem__, keys), _shared(keys), strict=True):
            if depth == len(key):  # already in the path
                self.values[depth] = value
            elif shared == len(key):  # a prefix of further keys
                self.values[shared] = value
                depths.append(shared)
                children.append({})
            else:
                if depth < shared:
                    depth = shared
                    depths.append(depth)
                    children.append({})
                if prefix := key[depth + 1 :]:
                    part = prefix + value
                    flags = LEAF
                else:
                    part = value[1:]
                    flags = VALUES
                parts.append(part)
                if not upwards:
                    at -= len(part)
                children[-1][key[depth]] = flags + at
                if upwards:
                    at += len(part)
            if depth > shared:
                self.at = at
                self._close(key, shared)
                at = self.at
            depth = shared
        self.at = at

    def _close(self, key: bytes, shared: int) -> None:
        """Lay out the nodes on the path to ``key`` below the depth ``shared``."""
        depths, children, values = self.depths, self.children, self.values
        depth = depths.pop()
        while depth > shared:
            below = children.pop()
            above = depths[-1]
            if above < shared:
                above = shared
                depths.append(shared)
                children.append({})
            value = values.pop(depth, b"")[1:] if values else b""
            children[-1][key[above]] = self._inner(key[above + 1 : depth], below, value)
            depth = depths.pop()
        depths.append(depth)

    def _inner(self, prefix: bytes, children: dict[int, int], value: bytes) -> int:
        """Lay out a node after its children and return its word."""
        words, parts = self.words, self.parts
        characters = [*children]
        first, last = characters[0], characters[-1]
        if first > last:
            first, last = last, first
        count = last - first + 1
        before = len(words) - first
        words += NOTHING[:count]
        for character, word in children.items():
            words[before + character] = word
        if prefix:
            flags, head = PREFIX | CHILDREN, prefix + bytes((0, first, last))
        else:
            flags, head = CHILDREN, bytes((first, last))
        size = len(head) + 4 * count
        self.tables.append((len(parts), count, value))
        parts.append(head)
        if value:
            flags |= VALUES
            size += len(value)
        if self.upwards:
            self.at += size
            return flags + self.at - size
        self.at -= size
        return flags + self.at

    def _fill_tables(self, end: int) -> None:
        """Fill in the words of all nodes, adjusted by ``end``, in one addition: flags prevent carries."""
        if sys.byteorder == "little":
            self.words.byteswap()
        raw = self.words.tobytes()
        if end:
            ones = bytearray(len(raw))
            ones[3::4] = raw[::4].translate(USED)
            moved = int.from_bytes(raw, "big") + int.from_bytes(ones, "big") * end
            raw = moved.to_bytes(len(raw), "big")
        at = 0
        parts = self.parts
        for index, count, tail in self.tables:
            parts[index] += raw[at : at + 4 * count]
            if tail:
                parts[index] += tail
            at += 4 * count
