"""List all entries of an index in one walk, optimised for tens of thousands of leaves."""

from __future__ import annotations

import re
import sys
from struct import Struct, error
from typing import TYPE_CHECKING, Final

from pymodutils.depends.trie.layout import CHILDREN, HEADER, LONGEST, OFFSET, PREFIX, UNKNOWN, VALUES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymodutils.errors import BadIndex

LEAF: Final = (PREFIX | VALUES) >> 28
PLACE: Final = UNKNOWN | OFFSET  # greater than OFFSET if an unknown part is flagged
FIRST: Final = HEADER.size  # offset of the first possible node
SHORT: Final = rf"([^\x00]{{0,{LONGEST}}})\x00"
ONE_TEXT: Final = SHORT + r"\x00{3}\x01.{4}" + SHORT  # prefix, number of texts, priority, text
NONE: Final[tuple[int, ...]] = ()
CHARACTERS: Final = "".join(map(chr, range(256)))


class Listing:
    """Walks an index file; ``values`` reads those of a node, ``bad`` creates an error.

    Nearly every node is a leaf with one text, which a regular expression reads. Data is decoded as latin-1,
    one character per byte, and recoded at the end.
    """

    def __init__(
        self,
        data: bytes,
        values: Callable[[int, int], Iterator[tuple[int, str]]],
        bad: Callable[[str], BadIndex],
    ) -> None:
        self.data = data
        self.text = data.decode("latin-1")
        self.left = len(data)  # bytes not claimed by a node
        self.values = values
        self.bad = bad
        self.unpack = {count: Struct(f">{count}I").unpack_from for count in range(257)}  # words of children
        self.leaf = re.compile(ONE_TEXT, re.DOTALL).match
        self.between = ""
        self.found: list[str] = []

    def lines(self, root: int, start: str, between: str) -> list[str]:
        """``start``, key, ``between`` and text of each entry, parents first, children by character."""
        self.between, self.found = between, []
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(limit + LONGEST)  # each level is a character of the key
        try:
            self._walk(root, start)
        except (ValueError, LookupError, error):
            raise self.bad("nodes leave the file") from None
        finally:
            sys.setrecursionlimit(limit)
        return _recoded(self.found)

    def _walk(self, word: int, key: str) -> None:
        """Collect the entries of a node and its descendants; ``key`` leads to it."""
        data, text, at = self.data, self.text, word & OFFSET
        words, character = NONE, 0
        if word & PREFIX:
            end = text.index("\0", at)
            key += text[at:end]
            at = end + 1
        if word & CHILDREN:
            character = data[at]
            words = self.unpack[data[at + 1] - character + 1](data, at + 2)
            at += 2 + 4 * len(words)
        self.left += (word & OFFSET) - at
        if word & VALUES or not FIRST <= word & PLACE <= OFFSET or self.left < 0 or len(key) > LONGEST:
            self._check(word, at, key)
        if not words:
            return
        leaf, between, found = self.leaf, self.between, self.found.append
        for child in words:
            if child >> 28 == LEAF and (one := leaf(text, child & OFFSET)):
                prefix, value = one.groups()
                self.left -= len(prefix) + len(value) + 10
                found(f"{key}{CHARACTERS[character]}{prefix}{between}{value}")
            elif child:
                self._walk(child, key + CHARACTERS[character])
            character += 1

    def _check(self, word: int, end: int, key: str) -> None:
        """Raise the error in a node with values at ``end``, or else collect these."""
        begin = word & OFFSET
        if word & UNKNOWN or not FIRST <= begin <= len(self.data):
            raise self.bad(f"no node at {begin}")
        if len(key) > LONGEST:
            raise self.bad("a key that is too long")
        if word & VALUES:
            values = [_latin(value) for _, value in self.values(word, end)]
            self.left -= sum(map(len, values))
            self.found += [f"{key}{self.between}{value}" for value in values]
        if self.left < 0:
            raise self.bad("nodes overlap")


def _latin(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")


def _recoded(lines: list[str]) -> list[str]:
    if all(map(str.isascii, lines)):
        return lines
    return [line.encode("latin-1").decode("utf-8", "surrogateescape") for line in lines]
