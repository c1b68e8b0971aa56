"""The modules.*.bin files: radix tries from names of 7-bit characters to lists of texts.

All integers are big-endian. A header (magic, version, root word) comes first. A word has flags in the top
four bits and a file offset in the rest; 0 is no node. A node has these parts, each only if flagged: a prefix
and NUL; the first and last character of its children and a word for each in between; the number of
values, then priority, text and NUL of each. The label of an edge is one character, and the characters after
it up to the next branch are the prefix of the child; so the root's prefix is empty.

kmod 30 writes children before their parent ("post"), kmod 34 after it ("pre"); both read either.
"""

from pymodutils.depends.trie.layout import LONGEST
from pymodutils.depends.trie.reader import Index
from pymodutils.depends.trie.writer import Unindexable, build

__all__ = ["LONGEST", "Index", "Unindexable", "build"]
