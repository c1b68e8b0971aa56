"""A type of a BTF as a test describes it."""

from __future__ import annotations

from typing import Final, NamedTuple

from pymodutils.kernel.emulated.load.btf import BtfKind as K

STRINGS: Final = (
    "foo",
    "bar",
    "9th",
    "two words",
    ".data",
    "\x01",
    "x" * 511,
    "x" * 512,
    "_ok.1",
    "\xe9t\xe9",
)
FOO, BAR, NINTH, BLANK, SECTION, CONTROL, LONG, LONGER, DOTTED, LATIN = range(10)
NONE: Final = -1  # no name
BEYOND: Final = 0xF_FFFF  # no type, and no name
LIMIT: Final = 0x10_0000  # the first number that no type may have


class Own(int):
    """A type of the module itself, by number from 0."""


class Named(int):
    """A row's or a tag's name, by its place in STRINGS."""


class Record(NamedTuple):
    """struct btf_type and the words after it; ``name`` is a place in STRINGS, NONE or BEYOND."""

    kind: int
    name: int = NONE
    size: int = 0
    words: tuple[int, ...] = ()
    vlen: int = 0
    flag: bool = False
    spare: int = 0  # bits of info that nothing uses


FINE: Final = Record(K.INT, FOO, 4, (32,))
A, B = Named(FOO), Named(BAR)
ANONYMOUS: Final = Named(NONE)
LOST: Final = Named(BEYOND)
