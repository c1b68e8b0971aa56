"""struct module of 2.4, the header of the image passed to init_module; linux/module.h."""

from __future__ import annotations

from functools import cache
from struct import Struct
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from pymodutils.elf.headers import PREFIXES

if TYPE_CHECKING:
    from pymodutils.arch.field import ByteOrder

AUTOCLEAN, RUNNING, DELETED = 4, 1, 2  # bits of flags
VISITED, USED_ONCE, JUST_FREED, INITIALIZING = 8, 16, 32, 64
LONG: Final = {32: "I", 64: "Q"}
MEMBERS: Final = (  # longs, except those in WORDS
    *("size_of_struct", "next", "name", "size", "usecount", "flags", "nsyms", "ndeps"),
    *("syms", "deps", "refs", "init", "cleanup", "ex_table_start", "ex_table_end"),
    *("persist_start", "persist_end", "can_unload", "runsize"),
    *("kallsyms_start", "kallsyms_end", "archdata_start", "archdata_end", "kernel_data"),
)
WORDS: Final = ("nsyms", "ndeps")
BEFORE_GP: Final = "ex_table_end"  # on Alpha a long for gp follows


class Abi(NamedTuple):
    """The layout of structures of longs and pointers on a machine."""

    bits: Literal[32, 64]
    order: ByteOrder
    gp: bool = False  # whether struct module has the member gp

    @property
    def long(self) -> int:
        """The size of a long."""
        return self.bits // 8

    @property
    def prefix(self) -> str:
        """The byte order prefix of struct."""
        return PREFIXES[self.order]

    def longs(self, count: int) -> Struct:
        """``count`` unsigned longs."""
        return _longs(self, count)


class MemberOffset(NamedTuple):
    """The place of a member of struct module."""

    offset: int
    size: int


@cache
def _longs(abi: Abi, count: int) -> Struct:
    return Struct(f"{abi.prefix}{count}{LONG[abi.bits]}")


@cache
def layout(abi: Abi) -> dict[str, MemberOffset]:
    """The members of struct module by name, in order."""
    names = list(MEMBERS)
    if abi.gp:
        names.insert(names.index(BEFORE_GP) + 1, "gp")
    found, at = {}, 0
    for name in names:
        size = 4 if name in WORDS else abi.long
        found[name] = MemberOffset(at, size)
        at += size
    return found


@cache
def size_of(abi: Abi) -> int:
    """sizeof(struct module)."""
    last = list(layout(abi).values())[-1]
    return last.offset + last.size


class StructModule:
    """The struct module at the beginning of ``memory``."""

    __slots__ = ("abi", "memory")

    def __init__(self, memory: bytearray, abi: Abi) -> None:
        self.memory, self.abi = memory, abi

    def __getitem__(self, name: str) -> int:
        offset, size = layout(self.abi)[name]
        return int.from_bytes(self.memory[offset : offset + size], self.abi.order)

    def __setitem__(self, name: str, value: int) -> None:
        offset, size = layout(self.abi)[name]
        self.memory[offset : offset + size] = (value & (1 << 8 * size) - 1).to_bytes(size, self.abi.order)

    def has(self, name: str) -> bool:
        """Whether the header is long enough for the member ``name``: mod_member_present."""
        offset, size = layout(self.abi)[name]
        return offset + size <= self["size_of_struct"]
