"""Constants of the index format."""

from __future__ import annotations

from struct import Struct
from typing import Final

MAGIC: Final = 0xB007F457
MAJOR, MINOR = 2, 1
HEADER: Final = Struct(">IHHI")  # magic, version, root word

PREFIX, VALUES, CHILDREN, UNKNOWN = 0x80000000, 0x40000000, 0x20000000, 0x10000000
OFFSET: Final = 0x0FFFFFFF
LONGEST: Final = 4095  # bytes of a key; no tool accepts a longer name (PATH_MAX)
