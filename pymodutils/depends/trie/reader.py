"""Read index files that may be damaged: each node is checked when reached."""

from __future__ import annotations

import os
from operator import itemgetter
from struct import error, unpack
from typing import TYPE_CHECKING, Final

from pymodutils.depends.trie.layout import (
    CHILDREN,
    HEADER,
    LONGEST,
    MAGIC,
    MAJOR,
    OFFSET,
    PREFIX,
    UNKNOWN,
    VALUES,
)
from pymodutils.errors import BadIndex, NotFound
from pymodutils.libc import fnmatch
from pymodutils.regular import opener

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.depends.trie.pages import Pages

WILDCARDS: Final = b"*?["
LITERALS: Final = bytes(set(range(256)) - set(WILDCARDS))
LARGE: Final = 8 << 20  # bytes; larger files are read in pages
UNSEEN: Final = -1  # not a valid offset


class Index:
    """An index file in memory.

    Each node is checked when reached (``check`` reaches all). Every method raises BadIndex for invalid
    offsets or counts. Nodes do not overlap, so a walk over more bytes than the file has is in a loop, or in
    a part shared by two parents.
    The file is read, a large one in Pages, not mapped: truncating a mapped file would kill the process.
    """

    __slots__ = ("_data", "_path", "_root")

    def __init__(self, data: bytes | Pages, path: str = "") -> None:
        self._data = data
        self._path = path
        if len(data) < HEADER.size:
            raise self._bad("shorter than its header")
        magic, major, _, self._root = HEADER.unpack(data[: HEADER.size])
        if magic != MAGIC:
            raise self._bad("not an index of modules")
        if major != MAJOR:
            raise self._bad(f"version {major}, not {MAJOR}")
        self._node(self._root)

    @classmethod
    def open(cls, file: str | os.PathLike[str]) -> Index:
        """The index in ``file``; raises NotFound if it is missing, BadIndex if it is not an index."""
        path = os.fspath(file)
        try:
            with open(path, "rb", opener=opener) as opened:
                if os.fstat(opened.fileno()).st_size < LARGE:
                    return cls(opened.read(), path)
                from pymodutils.depends.trie.pages import Pages  # noqa: PLC0415 -- rarely needed

                return cls(Pages(os.dup(opened.fileno())), path)
        except FileNotFoundError:
            raise NotFound(path, f"{path}: no such file; run depmod") from None

    def get(self, key: str) -> str | None:
        """The first text of exactly ``key``."""
        rest = _encoded(key)
        word = self._root
        while word:
            prefix, first, words, end = self._node(word)
            if not rest.startswith(prefix):
                return None
            rest = rest[len(prefix) :]
            if not rest:
                return next((text for _, text in self._values(word, end)), None)
            word = _child(first, words, rest[0])
            rest = rest[1:]
        return None

    def search(self, key: str) -> list[str]:
        """The texts of all keys that equal ``key``, or match it as patterns, in ascending priority.

        Of equal priorities the one found last comes first, as in kmod; keys whose wildcard also occurs
        in ``key`` at the same position are found twice.
        """
        found = [*self._found(_encoded(key))]
        found.reverse()
        found.sort(key=itemgetter(0))
        return [text for _, text in found]

    def items(self) -> list[tuple[str, str]]:
        """Every key with each of its texts, in the order of ``lines``."""
        split = (line.partition("\0") for line in self.lines("", "\0"))
        return [(key, text) for key, _, text in split]

    def lines(self, start: str, between: str) -> list[str]:
        """``start``, key, ``between`` and text of every entry, in the order of ``modprobe -c``."""
        from pymodutils.depends.trie.listing import Listing  # noqa: PLC0415 -- not needed for a lookup

        return Listing(self._data[:], self._values, self._bad).lines(self._root, start, between)

    def check(self) -> None:
        """Check the whole file; raises BadIndex for any error, including gaps and overlaps."""
        left = len(self._data) - HEADER.size
        for _, word, end in self._below(self._root):
            left -= end - (word & OFFSET)
            if word & VALUES:
                left -= 4 + sum(len(_encoded(text)) + 5 for _, text in self._values(word, end))
            if left < 0:
                raise self._bad("nodes overlap")
        if left:
            raise self._bad(f"{left} bytes belong to no node")

    def _found(self, rest: bytes) -> Iterator[tuple[int, str]]:
        """Priority and text of all matches of ``rest``, in tree order."""
        word = self._root
        while word:
            prefix, first, words, end = self._node(word)
            literal = len(prefix) - len(prefix.lstrip(LITERALS))
            if not rest.startswith(prefix[:literal]):
                return
            rest = rest[literal:]
            if literal < len(prefix):
                yield from self._matching(word, "", literal, rest)
                return
            for wildcard in WILDCARDS:
                if child := _child(first, words, wildcard):
                    yield from self._matching(child, chr(wildcard), 0, rest)
            if not rest:
                yield from self._values(word, end)
                return
            word = _child(first, words, rest[0])
            rest = rest[1:]

    def _matching(self, word: int, label: str, literal: int, rest: bytes) -> Iterator[tuple[int, str]]:
        """The matches of ``rest`` below ``word``; the first ``literal`` bytes have been compared."""
        for key, below, end in self._below(word, label):
            if below & VALUES and fnmatch(key[literal:].encode("latin-1"), rest):
                yield from self._values(below, end)

    def _below(self, word: int, label: str = "") -> Iterator[tuple[str, int, int]]:
        """Each node from ``word`` on: its key after ``label``, its word, and the offset of its values.

        Children, by character, come before their parent. Keys are latin-1.
        """
        left = len(self._data)
        todo: list[tuple[int, str, int]] = [(word, label, UNSEEN)]
        while todo:
            word, key, end = todo.pop()
            if end != UNSEEN:
                yield key, word, end
                continue
            key, below, end = self._entered(word, key)
            left -= end - (word & OFFSET)
            if left < 0:
                raise self._bad("nodes overlap")
            todo.append((word, key, end))
            todo += [(child, longer, UNSEEN) for child, longer in below]

    def _entered(self, word: int, label: str) -> tuple[str, list[tuple[int, str]], int]:
        """The key of the node, words and labels of its children in reverse, and the offset of its values."""
        prefix, first, words, end = self._node(word)
        key = label + prefix.decode("latin-1") if prefix else label
        if len(key) > LONGEST:
            raise self._bad("a key that is too long")
        below = [(child, key + chr(character)) for character, child in enumerate(words, first) if child]
        below.reverse()
        return key, below, end

    def _node(self, word: int) -> tuple[bytes, int, Sequence[int], int]:
        """Prefix, character of the first child, words of the children, and the offset of the values."""
        data, at = self._data, word & OFFSET
        prefix, first, words = b"", 0, ()
        if not HEADER.size <= at <= len(data) or word & UNKNOWN:
            raise self._bad(f"no node at {at}")
        try:
            if word & PREFIX:
                end = data.index(0, at)
                prefix = data[at:end]
                at = end + 1
            if word & CHILDREN:
                first, last = data[at], data[at + 1]
                count = last - first + 1
                words = unpack(f">{count}I", data[at + 2 : at + 2 + 4 * count])
                at += 2 + 4 * len(words)
        except (ValueError, IndexError, error):
            raise self._bad(f"no node at {word & OFFSET}") from None
        return prefix, first, words, at

    def _values(self, word: int, at: int) -> Iterator[tuple[int, str]]:
        """Priority and text of each value at ``at``, if the node has any."""
        if not word & VALUES:
            return
        data = self._data
        try:
            (left,) = unpack(">I", data[at : at + 4])
            at += 4
            while left:
                (priority,) = unpack(">I", data[at : at + 4])
                end = data.index(0, at + 4)
                yield priority, data[at + 4 : end].decode("utf-8", "surrogateescape")
                at = end + 1
                left -= 1
        except (ValueError, error):
            raise self._bad("values leave the file") from None

    def _bad(self, what: str) -> BadIndex:
        return BadIndex(self._path, f"{self._path}: bad index: {what}")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _child(first: int, words: Sequence[int], character: int) -> int:
    """The word of the child for the character, or 0."""
    at = character - first
    return words[at] if 0 <= at < len(words) else 0
