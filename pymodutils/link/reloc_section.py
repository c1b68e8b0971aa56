"""The relocations of a section, decoded into columns, and the memory that they patch."""

from __future__ import annotations

import sys
from array import array
from functools import cache
from itertools import chain, compress, repeat
from operator import add
from struct import Struct
from typing import TYPE_CHECKING, Final, Protocol

from pymodutils.arch.field import CODES
from pymodutils.arch.reloc import Relocations, RInfo
from pymodutils.arch.vector import MANY, Vector, as_signed, halves, ones, packed, taken
from pymodutils.blank import is_blank
from pymodutils.elf.constants import SHT_RELA
from pymodutils.elf.headers import PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from pymodutils.arch.field import ByteOrder, Field
    from pymodutils.arch.model import Arch
    from pymodutils.arch.reloc import RelocType
    from pymodutils.link.image import Image

WIDE: Final = 64
BYTE: Final = 0xFF
CONSTANT: Final = ("GP", "SEC")


class NeedsExact(Exception):
    """The relocations must be applied one by one; nothing has been written."""


class RelocSection:
    """Relocation section ``at`` of ``image``, and the section that it patches.

    ``values`` are those of the symbols, unsigned; ``base``, the address of the patched section, and ``gp``,
    the global pointer, are signed numbers of the machine's width.
    """

    __slots__ = ("arch", "at", "base", "blank", "gp", "header", "image", "memory", "name", "rela", "values")

    def __init__(self, image: Image, at: int, values: Sequence[int], name: str, gp: int) -> None:
        self.image, self.at, self.values, self.name, self.gp = image, at, values, name, gp
        self.arch: Arch = image.module.arch
        self.header = image.module.sections[at]
        self.rela = self.header.sh_type == SHT_RELA
        self.memory = image.section(self.header.sh_info)
        self.blank = is_blank(self.memory)  # tables of addresses are zero before
        half = 1 << self.arch.bits - 1
        self.base = (image.addresses[self.header.sh_info] ^ half) - half

    def signed(self, symbols: Sequence[int]) -> list[int]:
        """The values of ``symbols`` as signed numbers of the machine's width."""
        return as_signed(taken(self.values, symbols), self.arch.bits)

    def packer(self, field: Field, code: str = "") -> Packer:
        """The packer for words of ``field``, with struct's ``code`` or unsigned."""
        return packer(self.arch, field, code)

    def words(self, field: Field, offsets: Iterable[int]) -> list[int]:
        """The words at ``offsets``, unsigned."""
        return unpacked(self.packer(field), self.memory, offsets)

    def columns(self, row: RelocType, relocs: Relocations, words: Sequence[int]) -> list[Iterable[int]]:
        """The arguments of the calculation of ``row``; ``words`` are those at the places."""
        return [self.column(letter, row, relocs, words) for letter in row.calc.letters]

    def column(self, letter: str, row: RelocType, relocs: Relocations, words: Sequence[int]) -> Iterable[int]:
        """The value of ``letter`` for each of ``relocs``."""
        if letter == "S":
            return self.signed(relocs.symbols) if relocs.S is None else relocs.S
        if letter == "P":
            return map(add, relocs.offsets, repeat(self.base)) if relocs.P is None else relocs.P
        if letter == "A":
            return row.field.get_all(words) if relocs.A is None else relocs.A
        if letter == "D":
            return repeat(0, len(relocs.offsets)) if relocs.D is None else relocs.D
        if letter in CONSTANT:
            return repeat(self.gp if letter == "GP" else self.base, len(relocs.offsets))
        return words if letter == "V" else relocs.L or ()


class Packer(Protocol):
    """Reads and writes words in memory."""

    def unpack_from(self, memory: bytes | memoryview, offset: int) -> tuple[int, ...]:
        """A tuple with the word at ``offset``."""

    def pack_into(self, memory: memoryview, offset: int, value: int) -> None:
        """Write ``value`` at ``offset``."""


class _Bytes:
    """The Packer for words of ``size`` bytes that struct does not support."""

    def __init__(self, size: int, order: ByteOrder) -> None:
        self.size, self.order = size, order

    def unpack_from(self, memory: bytes | memoryview, offset: int) -> tuple[int]:
        return (int.from_bytes(memory[offset : offset + self.size], self.order),)

    def pack_into(self, memory: memoryview, offset: int, value: int) -> None:
        memory[offset : offset + self.size] = value.to_bytes(self.size, self.order)


_struct = cache(Struct)
_bytes = cache(_Bytes)


def packer(arch: Arch, field: Field, code: str = "") -> Packer:
    """The packer for words of ``field`` on that machine, with struct's ``code`` or unsigned."""
    order = field.order or arch.order
    if field.size not in CODES:
        return _bytes(field.size, order)
    return _struct(PREFIXES[order] + (code or CODES[field.size]))


def unpacked(packer: Packer, memory: bytes | memoryview, offsets: Iterable[int]) -> list[int]:
    """The words that ``packer`` reads at ``offsets``."""
    return list(chain.from_iterable(map(packer.unpack_from, repeat(memory), offsets)))


def decode(arch: Arch, raw: bytes | memoryview, *, rela: bool) -> Relocations:
    """The relocations in ``raw``."""
    step = 3 if rela else 2
    unsigned, signed = ("Q", "q") if arch.bits == WIDE else ("I", "i")
    words = array(unsigned)
    words.frombytes(raw[: len(raw) // (step * words.itemsize) * step * words.itemsize])
    if arch.order != sys.byteorder:
        words.byteswap()
    numbers, symbols, D = (arch.r_info or _info)(words[1::step])
    addends = array(signed, words[2::step].tobytes()).tolist() if rela else None
    return Relocations(numbers, symbols, words[0::step].tolist(), addends, D=D)


def _info(words: array[int]) -> RInfo:
    """Symbols and types from a column of r_info, as on most machines."""
    if words.itemsize == WIDE // 8:
        return RInfo(*halves(words))
    raw, order = words.tobytes(), sys.byteorder
    mask = (0x00FF_FFFF).to_bytes(4, order) * len(words)
    symbols = int.from_bytes(raw, order) >> 8 & int.from_bytes(mask, order)
    numbers = raw[0::4] if order == "little" else raw[3::4]
    return RInfo(list(numbers), array("I", symbols.to_bytes(len(raw), order)).tolist())


def codes_of(numbers: Sequence[int], present: set[int]) -> bytes:
    """``numbers`` as bytes; empty if this would make different ones of ``present`` equal."""
    if max(present, default=0) <= BYTE:
        return bytes(numbers)
    apart = len({number & BYTE for number in present}) == len(present)
    return bytes(map(BYTE.__and__, numbers)) if apart else b""


def mask_of(members: AbstractSet[int], numbers: Sequence[int], codes: bytes) -> Sequence[int]:
    """A mask of ones and zeros: which of ``numbers``, or of their ``codes``, are ``members``."""
    if not codes:
        return list(map(members.__contains__, numbers))
    table = bytearray(BYTE + 1)
    for number in members:
        table[number & BYTE] = 1
    return codes.translate(table)


def in_place(arch: Arch, memory: bytes | memoryview, relocs: Relocations) -> Relocations:
    """``relocs`` with the addends in the fields of REL relocations; 0 if there are none."""
    numbers, offsets = relocs.numbers, relocs.offsets
    present = set(numbers)
    groups = _by_field(arch, present)
    fields = [field for field, _ in groups]
    V = _same_words(arch, memory, relocs, fields) if present <= arch.relocs.keys() else None
    if V is not None and len(fields) == 1:
        return relocs._replace(A=list(fields[0].get_all(V)), V=V)
    codes = codes_of(numbers, present)
    if V is not None and codes and all(field.plain for field in fields):
        masks = [(field, bytes(mask_of(members, numbers, codes))) for field, members in groups]
        return relocs._replace(A=_gathered(V, masks), V=V)
    found = [0] * len(numbers)
    for field, members in groups:
        places = list(compress(range(len(numbers)), mask_of(members, numbers, codes)))
        if V is None:
            places = [at for at in places if offsets[at] + field.size <= len(memory)]
            words = unpacked(packer(arch, field), memory, map(offsets.__getitem__, places))
        else:
            words = list(taken(V, places))
        for at, addend in zip(places, field.get_all(words), strict=True):
            found[at] = addend
    return relocs._replace(A=found, V=V)


def _by_field(arch: Arch, numbers: AbstractSet[int]) -> list[tuple[Field, set[int]]]:
    """The fields of ``numbers`` with those that have it; Fields of two kinds may be equal as tuples."""
    groups: dict[object, tuple[Field, set[int]]] = {}
    for number in arch.relocs.keys() & numbers:
        field = arch.relocs[number].field
        groups.setdefault((type(field), field), (field, set()))[1].add(number)
    return list(groups.values())


def _gathered(V: Sequence[int], masks: Sequence[tuple[Field, bytes]]) -> list[int]:
    """The value that each of the words ``V`` has in its field."""
    values: list[int] = []
    for at in range(0, len(V), MANY):
        part = V[at : at + MANY]
        words, found = packed(part, len(part), "Q"), Vector(0, len(part))
        for field, mask in masks:
            found |= field.gathered(words) & ones(mask[at : at + MANY])
        values += found.values()
    return values


def _same_words(
    arch: Arch, memory: bytes | memoryview, relocs: Relocations, fields: Sequence[Field]
) -> list[int] | None:
    """The words at the places, if they can be read independent of the types."""
    if len({(field.size, field.order) for field in fields}) != 1:
        return None
    field = fields[0]
    if max(relocs.offsets) + field.size > len(memory):
        return None
    return unpacked(packer(arch, field), memory, relocs.offsets)
