"""The modules.*.bin files: radix tries from names over 7-bit characters to lists of texts.

All integers are big-endian. A header (magic, version, root word) comes first. A word is flags in the top
four bits and a file offset in the rest; 0 is no node. A node has, each part only if flagged: a prefix
and NUL; the first and the last of its children's characters and a word for each in between; a count of
values, then each one's priority, text and NUL. The label of an edge is one character, and what follows
it up to the next branch is the prefix of the child; so the root's prefix is empty.

kmod 30 writes children before their parent ("post"), kmod 34 after it ("pre"); both read both.
"""

from pymodutils.depends.trie.layout import LONGEST
from pymodutils.depends.trie.reader import Index
from pymodutils.depends.trie.writer import Unindexable, build

__all__ = ["LONGEST", "Index", "Unindexable", "build"]
