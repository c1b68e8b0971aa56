"""BPF type format: a header, types and strings; include/uapi/linux/btf.h.

A module's is split BTF: its type IDs and string offsets continue those of the kernel.
"""

from __future__ import annotations

from array import array
from enum import IntEnum
from errno import EINVAL
from functools import cached_property
from sys import byteorder
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from re import Pattern

WIDE_SINCE: Final = (7, 1)  # more kinds, and more entries of a type
NATIVE: Final = {"little": "<", "big": ">"}[byteorder]
RECORD: Final = 12  # bytes of struct btf_type: name_off, info, and size or type
ANONYMOUS: Final = "(anon)"
NO_NAME: Final = "(invalid-name-offset)"


class BtfKind(IntEnum):
    """Kinds of types."""

    INT = 1
    PTR = 2
    ARRAY = 3
    STRUCT = 4
    UNION = 5
    ENUM = 6
    FWD = 7
    TYPEDEF = 8
    VOLATILE = 9
    CONST = 10
    RESTRICT = 11
    FUNC = 12
    FUNC_PROTO = 13
    VAR = 14
    DATASEC = 15
    FLOAT = 16
    DECL_TAG = 17
    TYPE_TAG = 18
    ENUM64 = 19


COMPOSITE: Final = (BtfKind.STRUCT, BtfKind.UNION)
MODIFIERS: Final = (BtfKind.TYPEDEF, BtfKind.VOLATILE, BtfKind.CONST, BtfKind.RESTRICT, BtfKind.TYPE_TAG)
EXTRA: Final[dict[int, int]] = {  # words after the record, by plain numbers: creating enums is slow
    BtfKind.INT.value: 1,
    BtfKind.ARRAY.value: 3,
    BtfKind.VAR.value: 1,
    BtfKind.DECL_TAG.value: 1,
}
ROWS: Final[dict[int, int]] = {  # words per entry after the record
    **dict.fromkeys(map(int, (BtfKind.STRUCT, BtfKind.UNION, BtfKind.DATASEC, BtfKind.ENUM64)), 3),
    **dict.fromkeys(map(int, (BtfKind.ENUM, BtfKind.FUNC_PROTO)), 2),
}


class Limits(NamedTuple):
    """Limits of a type, BTF_MAX_*, and what a kernel accepts besides."""

    kind: int
    vlen: int
    types: int
    name: int = 0xFF_FFFF
    printable: bool = False  # any printable character in the name of a section
    flagged: bool = False  # kind_flag in tags

    @property
    def info(self) -> int:
        """The bits of ``info`` in use; BTF_INFO_MASK."""
        return 1 << 31 | self.kind << 24 | self.vlen


OLD: Final = Limits(0x1F, 0xFFFF, 0xF_FFFF)
WIDE: Final = Limits(0x7F, 0xFF_FFFF, 0xF_FFFF)


class BadBtf(Exception):
    """The messages of the verifier, and its errno."""

    def __init__(self, *lines: str, errno: int = EINVAL, optional: bool = False) -> None:
        super().__init__(*lines)
        self.lines, self.errno = lines, errno
        self.optional = optional  # about one type: later kernels do not log it if they continue


class Type(NamedTuple):
    """One type: struct btf_type, and the words after it."""

    number: int
    name_off: int
    info: int
    size: int  # or the number of another type
    words: tuple[int, ...] = ()

    @property
    def flag(self) -> bool:
        """The kind_flag."""
        return bool(self.info >> 31)


class SplitBtf:
    """``types`` and ``strings`` that extend ``base``; ``known``: nothing else is missing."""

    def __init__(
        self,
        types: bytes | memoryview,
        strings: bytes,
        order: str,
        limits: Limits,
        base: SplitBtf | None = None,
        *,
        known: bool = True,
    ) -> None:
        self.types, self.strings, self.order, self.limits, self.base = types, strings, order, limits, base
        self.sizes = _Sizes(limits)  # words of a type by its ``info``
        self.unused = ~limits.info
        self.known = known
        self.start_str = base.end_str if base else 0
        self.end_str: int = self.start_str + len(strings)  # including those of the base
        self.end_names = min(self.end_str, limits.name + 1)  # of valid offsets
        self.count = 0  # number of types up to the last one of this; ``walk`` counts, or ``counted``
        self.start = base.count if base else 0

    @cached_property
    def _words(self) -> array[int]:
        """The types as words; few need those of the kernel."""
        words = array("I")
        words.frombytes(self.types[: len(self.types) // 4 * 4])
        if self.order != NATIVE:
            words.byteswap()
        return words

    def counted(self) -> int:
        """The number of types, including those of the base, which no verifier has counted; fast."""
        words, sizes = self._words, self.sizes
        at, found, end = 0, self.start + (not self.base), len(words) - 1
        while at < end:
            at += sizes[words[at + 1]]
            found += 1
        return found

    def matches(self, offset: int, pattern: Pattern[bytes]) -> bool:
        """Whether the string at ``offset``, a valid offset of a name, starts with ``pattern``."""
        if self.base and offset < self.start_str:
            return self.base.matches(offset, pattern)
        return pattern.match(self.strings, offset - self.start_str) is not None

    def string(self, offset: int) -> bytes:
        """The string at ``offset``, a valid offset of a name."""
        if self.base and offset < self.start_str:
            return self.base.string(offset)
        offset -= self.start_str
        return self.strings[offset : self.strings.index(b"\0", offset)]

    def name(self, offset: int) -> str:
        """The name as printed by the verifier."""
        if not offset:
            return ANONYMOUS
        return self.string(offset).decode("utf-8", "surrogateescape") if offset < self.end_names else NO_NAME

    def kind(self, info: int) -> int:
        """The kind in ``info``."""
        return info >> 24 & self.limits.kind

    def vlen(self, info: int) -> int:
        """The number of entries in ``info``."""
        return info & self.limits.vlen

    def walk(self) -> Iterator[Type]:
        """Each verified type, with its words if it is an INT; counts them."""
        words, at, self.count = self._words, 0, self.start + (not self.base)
        while at < len(words):
            name_off, info, size = words[at : at + 3]
            extra = (words[at + 3],) if self.kind(info) == BtfKind.INT else ()
            yield Type(self.count, name_off, info, size, extra)
            at += self.sizes[info]
            self.count += 1

    def words(self, at: int, count: int) -> tuple[int, ...]:
        """``count`` words of the types at ``at``, a multiple of four."""
        return tuple(self._words[at // 4 : at // 4 + count])


class _Sizes(dict[int, int]):
    """Words of a type by its ``info``: few differ, and a kernel has 100,000 types."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self.limits = limits

    def __missing__(self, info: int) -> int:
        kind = info >> 24 & self.limits.kind
        rows = ROWS.get(kind, 0) * (info & self.limits.vlen)
        return self.setdefault(info, RECORD // 4 + EXTRA.get(kind, 0) + rows)
