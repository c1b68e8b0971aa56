"""Symbols by name, in the hash chains of modutils: their order is that of exports and kallsyms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from pymodutils.elf.constants import (
    SHN_COMMON,
    SHN_HIRESERVE,
    SHN_UNDEF,
    STB_GLOBAL,
    STB_LOCAL,
    STB_WEAK,
    STT_NOTYPE,
    STT_OBJECT,
)

KERNEL: Final = SHN_HIRESERVE + 1  # the section number of the kernel's symbols; those of modules follow
UNIFIED: Final = (STT_NOTYPE, STT_OBJECT)  # types that a COMMON symbol may meet
BUCKETS: Final = 521
TOP: Final = 0xF000_0000

Key = Callable[[str], str]


class ObjSymbol:
    """A name with a value relative to its section, or absolute if ``section`` is not the index of one."""

    __slots__ = ("info", "name", "section", "size", "value")

    def __init__(self, name: str, info: int, section: int, value: int, size: int) -> None:
        self.name = name
        self.define(info, section, value, size)

    def define(self, info: int, section: int, value: int, size: int) -> None:
        """Redefine the symbol."""
        self.info, self.section, self.value, self.size = info, section, value, size

    @property
    def binding(self) -> int:
        """STB_LOCAL, STB_GLOBAL or STB_WEAK."""
        return self.info >> 4

    @property
    def type(self) -> int:
        """STT_..."""
        return self.info & 0xF

    @property
    def is_external(self) -> bool:
        """Whether the kernel or another module defines it."""
        return self.section > SHN_HIRESERVE


def plain(name: str) -> str:
    """``name`` unchanged."""
    return name


def elf_hash(name: str, bits: int) -> int:
    """The System V hash, in a C long of ``bits``."""
    value, mask = 0, (1 << bits) - 1
    for byte in name.encode("utf-8", "surrogateescape"):
        value = (value << 4) + byte & mask
        value ^= (value & TOP) >> 24
        value &= ~TOP
    return value


class SymbolTable:
    """All symbols of a module, including imports.

    Names are compared by ``key``. ``clash`` is called for names that are defined twice.
    """

    def __init__(self, bits: int, clash: Callable[[str], None]) -> None:
        self.bits, self.clash = bits, clash
        self.key: Key = plain
        self.locals: dict[int, ObjSymbol] = {}  # by their index in .symtab
        self._chains: list[list[ObjSymbol]] = [[] for _ in range(BUCKETS)]

    def __iter__(self) -> Iterator[ObjSymbol]:
        """By buckets, the latest symbol of each first."""
        for chain in self._chains:
            yield from chain

    def _chain(self, name: str) -> list[ObjSymbol]:
        return self._chains[elf_hash(self.key(name), self.bits) % BUCKETS]

    def compare_by(self, key: Key) -> None:
        """Compare names by ``key`` from now on."""
        every = list(self)
        self.key = key
        self._chains = [[] for _ in range(BUCKETS)]
        for symbol in every:
            self._chain(symbol.name).insert(0, symbol)

    def find(self, name: str) -> ObjSymbol | None:
        """The symbol named ``name``."""
        return next((symbol for symbol in self._chain(name) if self._same(symbol.name, name)), None)

    def _same(self, one: str, other: str) -> bool:
        return one == other or self.key(one) == other or one == self.key(other)

    def add(self, new: ObjSymbol, index: int | None = None) -> ObjSymbol:
        """Add ``new``, unless an existing symbol of that name takes precedence; return the symbol.

        ``index`` is its index in .symtab.
        """
        old = self.find(new.name)
        if old is None:
            self._chain(new.name).insert(0, new)
            if new.binding == STB_LOCAL and index is not None:
                self.locals[index] = new
            return new
        if new.section == SHN_UNDEF:
            return old
        if old.section != SHN_UNDEF:
            if new.binding == STB_GLOBAL and old.binding == STB_LOCAL:
                chain = self._chain(new.name)  # the local one stays for relocations about it
                chain[chain.index(old)] = new
                return new
            if new.binding == STB_LOCAL:
                if index is not None:
                    self.locals[index] = new
                return new
            if not self._gives_way(old, new):
                return old
        old.name = new.name
        old.define(new.info, new.section, new.value, new.size)
        return old

    def _gives_way(self, old: ObjSymbol, new: ObjSymbol) -> bool:
        """Whether ``new`` replaces ``old``, which is defined."""
        if STB_WEAK in (new.binding, old.binding):
            return new.binding != STB_WEAK
        if new.section == SHN_COMMON and old.type in UNIFIED:
            return False
        if old.section == SHN_COMMON and new.type in UNIFIED:
            return True
        if not new.is_external:
            self.clash(new.name)
        return False
