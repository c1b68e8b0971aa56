"""The C types in the BTF of a kernel or module, by number: their names and members.

https://docs.kernel.org/bpf/btf.html.
"""

from __future__ import annotations

from array import array
from struct import Struct, error
from sys import byteorder
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.errors import BadKernel
from pymodutils.kernel.emulated.load.btf import COMPOSITE, EXTRA, MODIFIERS, ROWS, WIDE, BtfKind

if TYPE_CHECKING:
    from collections.abc import Callable

HEADER: Final = "HBBIIIII"  # magic, version, flags, hdr_len, type_off, type_len, str_off, str_len
MAGIC: Final = 0xEB9F
KINDS: Final = frozenset(BtfKind)
VOID: Final = "void"
WORDS: Final = {
    BtfKind.STRUCT: "struct ",
    BtfKind.UNION: "union ",
    BtfKind.ENUM: "enum ",
    BtfKind.ENUM64: "enum ",
}
BITFIELD: Final = 24  # bits of a member's offset if the kind_flag of its structure is set


class BtfMember(NamedTuple):
    """A member of a structure or union."""

    name: str
    type: int
    offset: int  # bits
    bits: int  # bits of a bit-field, else 0


class BtfTypes:
    """The types of one BTF; number 0 is void. Raises BadKernel if it is damaged.

    A module's is split BTF: its type IDs and string offsets continue those of ``base``, the kernel's.
    """

    def __init__(self, blob: bytes, order: str, subject: str, base: BtfTypes | None = None) -> None:
        self._words, self._strings, self._places = array("I"), b"", [-1]
        if base is not None:
            self._words, self._strings, self._places = base.parts
        try:
            self._read(blob, ">" if order == "big" else "<", order)
        except (error, IndexError, ValueError) as why:
            raise BadKernel(subject, f"{subject}: its BTF is damaged: {why}") from None

    def _read(self, blob: bytes, prefix: str, order: str) -> None:
        head = Struct(prefix + HEADER)
        magic, _, _, length, type_off, type_len, str_off, str_len = head.unpack_from(blob)
        start = length + type_off
        if magic != MAGIC or start + type_len > len(blob) or length + str_off + str_len > len(blob):
            raise ValueError("truncated")
        fresh = array("I", blob[start : start + type_len // 4 * 4])
        if order != byteorder:
            fresh.byteswap()
        first = len(self._words)
        self._words += fresh
        self._strings += blob[length + str_off : length + str_off + str_len]
        self.functions: dict[str, int] = {}  # names -> numbers of their types; without those of the base
        self.variables: dict[str, int] = {}
        self._index(first)

    def _index(self, at: int) -> None:
        """Note where each type from word ``at`` on begins, and what functions and variables there are."""
        words = self._words
        while at < len(words):
            info = words[at + 1]
            kind = info >> 24 & WIDE.kind
            if kind not in KINDS:
                raise ValueError(f"unknown type kind {kind}")
            if kind == BtfKind.FUNC:
                self.functions[self._string(words[at])] = words[at + 2]
            elif kind == BtfKind.VAR:
                self.variables[self._string(words[at])] = words[at + 2]
            self._places.append(at)
            at += 3 + EXTRA.get(kind, 0) + ROWS.get(kind, 0) * (info & WIDE.vlen)

    @property
    def parts(self) -> tuple[array[int], bytes, list[int]]:
        """Copies of the words of its records, of its strings, and of where each record begins."""
        return self._words[:], self._strings, self._places[:]

    def __len__(self) -> int:
        return len(self._places)

    def _string(self, offset: int) -> str:
        return self._strings[offset : self._strings.index(b"\0", offset)].decode("utf-8", "replace")

    def kind(self, number: int) -> int:
        """The kind of a type; 0 for void. Raises IndexError if there is none."""
        return self._words[self._places[number] + 1] >> 24 & WIDE.kind if number else 0

    def name(self, number: int) -> str:
        """Its name, or empty."""
        return self._string(self._words[self._places[number]]) if number else VOID

    def size(self, number: int) -> int:
        """Bytes of a structure, union, enumeration or number."""
        return self._words[self._places[number] + 2]

    def inner(self, number: int) -> int:
        """The type that a pointer, qualifier or typedef refers to, or that a function returns."""
        return self._words[self._places[number] + 2]

    def is_flagged(self, number: int) -> bool:
        """Its kind_flag: set for a forward declaration of a union, or a structure with bit-fields."""
        return bool(self._words[self._places[number] + 1] >> 31)

    def array(self, number: int) -> tuple[int, int]:
        """The element type of an array, and the number of elements."""
        at = self._places[number] + 3
        return self._words[at], self._words[at + 2]

    def _rows(self, number: int, width: int) -> list[tuple[int, ...]]:
        at = self._places[number]
        count = self._words[at + 1] & WIDE.vlen
        row = self._words[at + 3 : at + 3 + width * count].tolist()
        return [tuple(row[start : start + width]) for start in range(0, len(row), width)]

    def members(self, number: int) -> list[BtfMember]:
        """The members of a structure or union, in order."""
        packed = self.is_flagged(number)
        mask = (1 << BITFIELD) - 1
        return [
            BtfMember(self._string(name), kind, at & mask if packed else at, at >> BITFIELD if packed else 0)
            for name, kind, at in self._rows(number, 3)
        ]

    def values(self, number: int) -> dict[str, int]:
        """The enumerators of an enumeration."""
        if self.kind(number) == BtfKind.ENUM:
            return {self._string(name): value for name, value in self._rows(number, 2)}
        return {self._string(name): low | high << 32 for name, low, high in self._rows(number, 3)}

    def parameters(self, number: int) -> list[int]:
        """The types of a prototype's parameters; a trailing 0 means variadic."""
        return [kind for _, kind in self._rows(number, 2)]

    def text(self, number: int) -> str:
        """The type in C, without a name: ``struct net_device *``."""
        kind = self.kind(number)
        if kind in WRITERS:
            return WRITERS[BtfKind(kind)](self, number)
        return WORDS.get(BtfKind(kind), "") + (self.name(number) or "{...}") if kind else VOID

    def list(self, number: int) -> str:
        """The parameters of a prototype in C."""
        return ", ".join(self.text(it) if it else "..." for it in self.parameters(number)) or VOID


def _pointer(types: BtfTypes, number: int) -> str:
    inner = types.text(types.inner(number))
    if inner.endswith(")"):
        return inner.replace(" (", " (*)(", 1)
    return inner + ("*" if inner.endswith("*") else " *")


def _qualified(types: BtfTypes, number: int) -> str:
    inner, word = types.text(types.inner(number)), BtfKind(types.kind(number)).name.lower()
    return f"{inner} {word}" if inner.endswith("*") else f"{word} {inner}"


def _array(types: BtfTypes, number: int) -> str:
    inner, count = types.array(number)
    return f"{types.text(inner)}[{count}]"


def _forward(types: BtfTypes, number: int) -> str:
    return f"{'union' if types.is_flagged(number) else 'struct'} {types.name(number)}"


WRITERS: Final[dict[BtfKind, Callable[[BtfTypes, int], str]]] = {
    BtfKind.PTR: _pointer,
    BtfKind.CONST: _qualified,
    BtfKind.VOLATILE: _qualified,
    BtfKind.RESTRICT: _qualified,
    BtfKind.TYPE_TAG: lambda types, number: types.text(types.inner(number)),
    BtfKind.ARRAY: _array,
    BtfKind.FUNC_PROTO: lambda types, number: f"{types.text(types.inner(number))} ({types.list(number)})",
    BtfKind.FWD: _forward,
}

__all__ = ["COMPOSITE", "MODIFIERS", "BtfKind", "BtfMember", "BtfTypes"]
