"""Index files that may be damaged: each node is checked when it is reached."""

from __future__ import annotations

from operator import itemgetter
from struct import error, unpack_from
from typing import TYPE_CHECKING, Final, NamedTuple

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
from pymodutils.depends.wildcard import matches
from pymodutils.errors import BadIndex, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WILDCARDS: Final = b"*?["
LITERALS: Final = bytes(set(range(256)) - set(WILDCARDS))


class _Place(NamedTuple):
    """Where the parts of one node are in the file; 0 for a part that it does not have."""

    at: int
    prefix: bytes
    first: int  # character of the first child
    words: Sequence[int]  # of the children
    values: int
    end: int  # of all but the values


class Index:
    """An index file in memory.

    Nothing of it is believed: each node is checked when it is reached (``check`` reaches all). Every
    method raises BadIndex for offsets or counts that lie; none does more work than the file is large.
    The file is read, not mapped: to cut a mapped file short would kill who looks at it.
    """

    __slots__ = ("_data", "_path", "_root", "_upwards")

    def __init__(self, data: bytes, path: str = "") -> None:
        self._data = data
        self._path = path
        if len(data) < HEADER.size:
            raise self._bad("shorter than its header")
        magic, major, _, self._root = HEADER.unpack_from(data)
        if magic != MAGIC:
            raise self._bad("not an index of modules")
        if major != MAJOR:
            raise self._bad(f"version {major}, not {MAJOR}")
        self._upwards = self._root & OFFSET == HEADER.size  # pre-order: children lie behind their parent
        self._place(self._root)

    @classmethod
    def open(cls, path: str) -> Index:
        """The index in the file ``path``; raises NotFound if there is none, BadIndex for another thing."""
        try:
            with open(path, "rb") as file:
                return cls(file.read(), path)
        except FileNotFoundError:
            raise NotFound(path, f"{path}: no such file; run depmod") from None

    def get(self, key: str) -> str | None:
        """The first text of exactly ``key``."""
        rest = _encoded(key)
        place = self._place(self._root)
        while rest.startswith(place.prefix):
            rest = rest[len(place.prefix) :]
            if not rest:
                return next((text for _, text in self._values(place)), None)
            word = self._child(place, rest[0])
            if not word:
                return None
            place = self._place(word)
            rest = rest[1:]
        return None

    def search(self, key: str) -> list[str]:
        """The texts of all keys that are ``key``, or match it as wildcards, ascending by priority.

        Of equal priorities the one found last comes first, as in kmod, where each is found twice
        whose wildcard ``key`` itself has in the same place.
        """
        found = [*self._found(_encoded(key))]
        found.reverse()
        found.sort(key=itemgetter(0))
        return [text for _, text in found]

    def items(self) -> Iterator[tuple[str, str]]:
        """Every key with each of its texts, in the order of ``modprobe -c``."""
        left = len(self._data)
        for key, place in self._below(self._root):
            if place.values:
                name = key.decode("utf-8", "surrogateescape")
                for _, text in self._values(place):
                    left -= len(text) + 5
                    yield name, text
            if left < 0:
                raise self._bad("nodes overlap")

    def check(self) -> None:
        """Look at everything once; raises BadIndex for what is wrong anywhere, gaps and overlaps too."""
        left = len(self._data) - HEADER.size
        for _, place in self._below(self._root):
            left -= place.end - place.at
            if place.values:
                left -= 4 + sum(len(_encoded(text)) + 5 for _, text in self._values(place))
            if left < 0:
                raise self._bad("nodes overlap")
        if left:
            raise self._bad(f"{left} bytes belong to nothing")

    def _found(self, rest: bytes) -> Iterator[tuple[int, str]]:
        """Priority and text of all that matches ``rest``, in the order of the file's tree."""
        word = self._root
        while word:
            place = self._place(word)
            literal = len(place.prefix) - len(place.prefix.lstrip(LITERALS))
            if not rest.startswith(place.prefix[:literal]):
                return
            rest = rest[literal:]
            if literal < len(place.prefix):
                yield from self._matching(word, b"", literal, rest)
                return
            for wildcard in WILDCARDS:
                if child := self._child(place, wildcard):
                    yield from self._matching(child, bytes((wildcard,)), 0, rest)
            if not rest:
                yield from self._values(place)
                return
            word = self._child(place, rest[0])
            rest = rest[1:]

    def _matching(self, word: int, label: bytes, literal: int, rest: bytes) -> Iterator[tuple[int, str]]:
        """What lies below ``word`` and matches ``rest``; the first ``literal`` bytes have been compared."""
        name = rest.decode("latin-1")
        for key, place in self._below(word, label):
            if place.values and matches(key[literal:].decode("latin-1"), name):
                yield from self._values(place)

    def _below(self, word: int, label: bytes = b"") -> Iterator[tuple[bytes, _Place]]:
        """Each node from ``word`` on with its key after ``label``: parents first, ascending characters."""
        left = len(self._data)
        todo = [(word, label)]
        while todo:
            word, key = todo.pop()
            place = self._place(word)
            left -= place.end - place.at
            key += place.prefix
            if left < 0 or len(key) > LONGEST:
                raise self._bad("nodes overlap" if left < 0 else "a key that is too long")
            yield key, place
            character = place.first + len(place.words)
            for child in reversed(place.words):
                character -= 1
                if child:
                    todo.append((self._ordered(place, child), key + bytes((character,))))

    def _child(self, place: _Place, character: int) -> int:
        """The word of the child of that character, else 0."""
        at = character - place.first
        if not 0 <= at < len(place.words) or not place.words[at]:
            return 0
        return self._ordered(place, place.words[at])

    def _ordered(self, parent: _Place, word: int) -> int:
        """``word``, if it leads in the direction of the file: no loop does."""
        if (word & OFFSET > parent.at) is not self._upwards:
            raise self._bad(f"the node at {parent.at} has a child on the wrong side")
        return word

    def _place(self, word: int) -> _Place:
        start = at = word & OFFSET
        prefix, first, words = b"", 0, ()
        if not HEADER.size <= at <= len(self._data) or word & UNKNOWN:
            raise self._bad(f"no node at {at}")
        try:
            if word & PREFIX:
                end = self._data.index(0, at)
                prefix = self._data[at:end]
                at = end + 1
            if word & CHILDREN:
                first, last = self._data[at], self._data[at + 1]
                words = unpack_from(f">{last - first + 1}I", self._data, at + 2)
                at += 2 + 4 * len(words)
        except (ValueError, IndexError, error):
            raise self._bad(f"no node at {start}") from None
        return _Place(start, prefix, first, words, at if word & VALUES else 0, at)

    def _values(self, place: _Place) -> Iterator[tuple[int, str]]:
        """Priority and text of each value of the node."""
        if not place.values:
            return
        data, at = self._data, place.values + 4
        try:
            for _ in range(*unpack_from(">I", data, place.values)):
                (priority,) = unpack_from(">I", data, at)
                end = data.index(0, at + 4)
                yield priority, data[at + 4 : end].decode("utf-8", "surrogateescape")
                at = end + 1
        except (ValueError, error):
            raise self._bad(f"values at {place.values} leave the file") from None

    def _bad(self, what: str) -> BadIndex:
        return BadIndex(self._path, f"{self._path}: bad index: {what}")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
