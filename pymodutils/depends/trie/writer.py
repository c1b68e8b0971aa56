"""Index files from entries: sorted keys, one pass, each node laid once."""

from __future__ import annotations

from itertools import pairwise
from operator import itemgetter
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


class Unindexable(ModutilsError):
    """A key or text that the format cannot hold; the subject is that text."""


def build(entries: Iterable[tuple[bytes, bytes, int]], *, order: Order = "pre") -> bytes:
    """The index file of ``entries``: key, text and priority.

    Texts of one key ascend by priority; of equal ones the latest entry comes first.
    Raises Unindexable for a byte that is not 7-bit, a key beyond LONGEST, or a file beyond 256 MiB.
    """
    values = _values(list(entries))
    keys = sorted(values, reverse=order == "pre")
    return _Layout(upwards=order == "post").file(keys, values)


def _values(entries: list[tuple[bytes, bytes, int]]) -> dict[bytes, bytes]:
    """The value part of each key's node: count, then priority, text and NUL of each."""
    _check({text for _, text, _ in entries})
    single: dict[bytes, tuple[bytes, bytes, int]] = {}
    several: dict[bytes, list[tuple[bytes, bytes, int]]] = {}
    for entry in entries:
        known = single.setdefault(entry[0], entry)
        if known is not entry:
            several.setdefault(entry[0], [known]).append(entry)
    _check(single)
    one = Struct(">xII").pack
    values = {key: one(1, priority) + text + b"\0" for key, text, priority in single.values()}
    for key, found in several.items():
        found.reverse()
        found.sort(key=itemgetter(2))
        parts = [pack(">I", priority) + text + b"\0" for _, text, priority in found]
        values[key] = pack(">xI", len(parts)) + b"".join(parts)
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
    """How many first bytes each key shares with the next one; 0 for the last."""
    width = max(map(len, keys), default=0)
    if width > LONGEST:
        raise Unindexable("", f"Module index: a key of {width} bytes is too long")
    number = int.from_bytes
    numbers = (number(key.ljust(width, b"\0")) for key in keys)
    for one, following in pairwise(numbers):
        yield width - ((one ^ following).bit_length() + 7 >> 3)
    yield 0


class _Node:
    """A node on the path to the current key, of which more children may come."""

    __slots__ = ("children", "depth", "key", "values")

    def __init__(self, depth: int, key: bytes, values: bytes = b"") -> None:
        self.depth = depth  # length of the label that leads here
        self.key = key  # one key that leads through here
        self.values = values
        self.children: dict[int, int] = {}  # character -> word, in the order of the keys


class _Layout:
    """Lays the nodes of sorted keys one after another, each behind its children.

    Ascending keys laid upwards give post-order. Descending ones laid downwards from the end of the file
    give pre-order; offsets are from the end until the size is known.
    """

    def __init__(self, *, upwards: bool) -> None:
        self.upwards = upwards
        self.at = HEADER.size if upwards else 0
        self.parts: list[bytes] = []
        self.tables: list[tuple[int, int, bytes]] = []  # index in parts, words, values behind them
        self.words: list[int] = []  # of all tables, one behind the other

    def file(self, keys: Sequence[bytes], values: Mapping[bytes, bytes]) -> bytes:
        """The whole file of sorted ``keys``."""
        root = self._lay(keys, values)
        end = 0 if self.upwards else HEADER.size - self.at
        if abs(self.at) + HEADER.size > OFFSET:
            raise Unindexable("", "Module index: larger than 256 MiB")
        self._fill_tables(end)
        header = HEADER.pack(MAGIC, MAJOR, MINOR, root + end)
        return b"".join([header, *(self.parts if self.upwards else reversed(self.parts))])

    def _lay(self, keys: Sequence[bytes], values: Mapping[bytes, bytes]) -> int:
        """Lay every key's node and those between; the root's word."""
        parts, upwards, at = self.parts, self.upwards, self.at
        node = _Node(0, b"")
        path = [node]
        for key, shared in zip(keys, _shared(keys), strict=False):
            depth = node.depth
            if depth == len(key):
                node.values = values[key][1:]
            elif shared == len(key):
                node = _Node(shared, key, values[key][1:])
                path.append(node)
            else:
                if depth < shared:
                    node = _Node(shared, key)
                    path.append(node)
                    depth = shared
                if prefix := key[depth + 1 :]:
                    part = prefix + values[key]
                    flags = LEAF
                else:
                    part = values[key][1:]
                    flags = VALUES
                parts.append(part)
                if upwards:
                    node.children[key[depth]] = flags + at
                    at += len(part)
                else:
                    at -= len(part)
                    node.children[key[depth]] = flags + at
            if node.depth > shared:
                self.at = at
                node = self._close(path, shared)
                at = self.at
        self.at = at
        return self._inner(b"", node)

    def _close(self, path: list[_Node], shared: int) -> _Node:
        """Lay the nodes of ``path`` that are deeper than ``shared``; the last that is left."""
        node = path.pop()
        while node.depth > shared:
            if path[-1].depth < shared:
                path.append(_Node(shared, node.key))
            parent = path.pop()
            depth = parent.depth
            parent.children[node.key[depth]] = self._inner(node.key[depth + 1 : node.depth], node)
            node = parent
        path.append(node)
        return node

    def _inner(self, prefix: bytes, node: _Node) -> int:
        """The word of a node whose children have been laid."""
        flags, head = (PREFIX, prefix + b"\0") if prefix else (0, b"")
        count = 0
        if node.children:
            characters = list(node.children)
            first, last = characters[0], characters[-1]
            if first > last:
                first, last = last, first
            count = last - first + 1
            words = [0] * count
            for character, word in node.children.items():
                words[character - first] = word
            self.words += words
            flags |= CHILDREN
            head += bytes((first, last))
        if node.values:
            flags |= VALUES
        self.tables.append((len(self.parts), count, node.values))
        self.parts.append(head)
        size = len(head) + 4 * count + len(node.values)
        start = self.at
        self.at += size if self.upwards else -size
        return flags + min(start, self.at)

    def _fill_tables(self, end: int) -> None:
        words = [word and word + end for word in self.words] if end else self.words
        raw = pack(f">{len(words)}I", *words)
        at = 0
        for index, count, values in self.tables:
            self.parts[index] += raw[at : at + 4 * count] + values
            at += 4 * count
