"""Prototypes and types from BTF, a module's based on its kernel's. https://docs.kernel.org/bpf/btf.html."""

from __future__ import annotations

from functools import cache, cached_property
from struct import error as StructError  # noqa: N812 -- struct calls it error
from struct import unpack_from
from typing import Final

from pymodutils.elf.ctype import (
    Array,
    CType,
    Enum,
    Function,
    Integer,
    Member,
    Parameter,
    Pointer,
    Struct,
    Void,
)
from pymodutils.errors import BadModule

MAGIC: Final = 0xEB9F
INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT = range(1, 12)
FUNC, FUNC_PROTO, VAR, DATASEC, FLOAT, DECL_TAG, TYPE_TAG, ENUM64 = range(12, 20)
SAME: Final = frozenset({TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG})  # treated as the type they refer to
FIXED: Final = {INT: 4, ARRAY: 12, VAR: 4, DECL_TAG: 4}  # bytes after the first twelve
EACH: Final = {STRUCT: 12, UNION: 12, ENUM: 8, FUNC_PROTO: 8, DATASEC: 12, ENUM64: 12}  # for each of vlen
SIGNED, CHAR, BOOL = 1, 2, 4  # BTF_INT_*
PREFIXES: Final = {"struct": (STRUCT,), "union": (UNION,), "enum": (ENUM, ENUM64)}
DAMAGE: Final = (StructError, LookupError, ValueError, RecursionError, MemoryError)


class Btf:
    """The types in ``data``; those of a module continue after those of ``base``. Raises BadModule."""

    def __init__(self, data: bytes, base: Btf | None = None, subject: str = "BTF") -> None:
        self.base, self.subject = base, subject
        self.first: int
        self.first_string: int
        self.places: list[int]
        try:
            magic, _, _, head, type_off, type_len, str_off, str_len = unpack_from("<HBBIIIII", data)
            if magic != MAGIC:
                raise ValueError("it does not start as BTF")
            types = data[head + type_off : head + type_off + type_len]
            self.strings = data[head + str_off : head + str_off + str_len]
            self.first_string = base.first_string + len(base.strings) if base else 0
            self.first = base.first + len(base.places) if base else 1
            self._types, self.places = types, _index(types)
        except DAMAGE as error:
            raise BadModule(subject, f"{subject}: its BTF is damaged: {error}") from None
        self._type = cache(self._made)

    def function(self, name: str) -> Function | None:
        """The prototype of ``name``, in the module or its kernel."""
        found = self._find(name, (FUNC,))
        if isinstance(found, Function):
            return found._replace(name=name)
        return self.base.function(name) if self.base else None

    def variable(self, name: str) -> CType | None:
        """The type of ``name``; BTF has per-CPU variables only."""
        return self._find(name, (VAR,))

    def named(self, name: str) -> CType | None:
        """The type ``name``, in the module or its kernel."""
        prefix, _, word = name.rpartition(" ")
        found = self._find(word, PREFIXES.get(prefix, (TYPEDEF, INT)))
        return found or (self.base.named(name) if self.base else None)

    @cached_property
    def _names(self) -> dict[tuple[int, int], int]:
        """Kind and offset of the name -> first type of that name."""
        found: dict[tuple[int, int], int] = {}
        for number, at in enumerate(self.places, self.first):
            name, info = unpack_from("<II", self._types, at)
            if name:
                found.setdefault((info >> 24 & 31, name), number)
        return found

    def _find(self, name: str, kinds: tuple[int, ...]) -> CType | None:
        offset = self.string_offset(name)
        if not name or offset is None:
            return None
        numbers = (self._names.get((kind, offset)) for kind in kinds)
        return next((self.type(number) for number in numbers if number), None)

    def string_offset(self, name: str) -> int | None:
        """The offset of the string ``name``, preferably in the kernel's strings."""
        shared = self.base.string_offset(name) if self.base else None
        word = name.encode("utf-8", "surrogateescape") + b"\0"
        at = 0 if self.strings.startswith(word) else self.strings.find(b"\0" + word) + 1
        return at + self.first_string if shared is None and (at or self.strings.startswith(word)) else shared

    def type(self, number: int) -> CType:
        """The type with that number; raises BadModule."""
        try:
            return self._type(number)
        except DAMAGE as error:
            raise BadModule(self.subject, f"{self.subject}: its BTF is damaged: {error}") from None

    def _made(self, number: int) -> CType:
        if not number:
            return Void()
        if number < self.first and self.base:
            return self.base.type(number)
        at = self.places[number - self.first]
        name, info, size = unpack_from("<III", self._types, at)
        kind, count, flag = info >> 24 & 31, info & 0xFFFF, bool(info >> 31)
        if kind in SAME or kind in {VAR, FUNC}:
            return self.type(size)
        if kind in {STRUCT, UNION}:
            word = "struct" if kind == STRUCT else "union"
            return Struct(word, self.string(name), size, lambda: self._members(at + 12, count, flag))
        if kind in {ENUM, ENUM64}:
            return self._enum(self.string(name), at, size, flag)
        return self._other(kind, at, self.string(name), size)

    def _other(self, kind: int, at: int, name: str, size: int) -> CType:
        count = int.from_bytes(self._types[at + 4 : at + 6], "little")
        if kind == INT:
            coding = self._types[at + 15]
            character = bool(coding & CHAR) or name == "char"
            return Integer(name, size, bool(coding & SIGNED), character, bool(coding & BOOL))
        if kind == PTR:
            return Pointer(lambda: self.type(size))
        if kind == ARRAY:
            element, _, number = unpack_from("<III", self._types, at + 12)
            return Array(self.type(element), number)
        if kind == FUNC_PROTO:
            return self._prototype(at + 12, count, size)
        if kind == FWD:
            return Struct("struct", name, 0, list)
        return Void()

    def _prototype(self, at: int, count: int, returns: int) -> Function:
        pairs = [unpack_from("<II", self._types, at + 8 * n) for n in range(count)]
        variadic = bool(pairs) and pairs[-1] == (0, 0)
        words = pairs[:-1] if variadic else pairs
        parameters = tuple(Parameter(self.string(name), self.type(kind)) for name, kind in words)
        return Function("", self.type(returns), parameters, variadic)

    def _members(self, at: int, count: int, flag: bool) -> list[Member]:
        found = []
        for place in range(at, at + 12 * count, 12):
            name, kind, bits = unpack_from("<III", self._types, place)
            width, start = (bits >> 24, bits & 0xFFFFFF) if flag else (0, bits)
            found.append(Member(self.string(name), self.type(kind), start // 8, start % 8, width))
        return found

    def _enum(self, name: str, at: int, size: int, signed: bool) -> Enum:
        kind, count = self._types[at + 7] & 31, int.from_bytes(self._types[at + 4 : at + 6], "little")
        values = {}
        for place in range(at + 12, at + 12 + EACH[kind] * count, EACH[kind]):
            word = int.from_bytes(self._types[place : place + 4], "little")
            raw = self._types[place + 4 : place + EACH[kind]]
            values[self.string(word)] = int.from_bytes(raw, "little", signed=signed)
        return Enum(name, size, signed, values)

    def string(self, offset: int) -> str:
        """The string at ``offset``."""
        if offset < self.first_string and self.base:
            return self.base.string(offset)
        start = offset - self.first_string
        return self.strings[start : self.strings.index(b"\0", start)].decode("utf-8", "surrogateescape")


def _index(types: bytes) -> list[int]:
    """The offset of each type."""
    at, places = 0, []
    while at < len(types):
        places.append(at)
        info = int.from_bytes(types[at + 4 : at + 8], "little")
        kind = info >> 24 & 31
        at += 12 + FIXED.get(kind, 0) + EACH.get(kind, 0) * (info & 0xFFFF)
    return places
