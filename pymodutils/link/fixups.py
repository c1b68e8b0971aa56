"""The relocations of one section, decoded into columns, and the memory they are applied to."""

from __future__ import annotations

import sys
from array import array
from functools import cache
from itertools import chain, repeat
from operator import add
from struct import Struct
from typing import TYPE_CHECKING, Final

from pymodutils.arch.model import CODES, PREFIXES, Fixups
from pymodutils.link.object import SHT_RELA

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pymodutils.arch.model import Arch, Field, Reloc
    from pymodutils.link.image import Image

LOW: Final = 0 if sys.byteorder == "little" else 1  # which half of a 64-bit word comes first here
WIDE: Final = 64
CONSTANT: Final = ("GP", "B")


class Site:
    """Relocation section ``at`` of ``image``, and the section it patches.

    ``values`` are the symbols', as signed numbers of the machine's width; so are ``base``, the address of
    the patched section, and ``gp``, what the global pointer holds.
    """

    __slots__ = ("arch", "at", "base", "blank", "gp", "header", "image", "memory", "name", "rela", "values")

    def __init__(self, image: Image, at: int, values: Sequence[int], name: str, gp: int = 0) -> None:
        self.image, self.at, self.values, self.name, self.gp = image, at, values, name, gp
        self.arch: Arch = image.module.arch
        self.header = image.module.sections[at]
        self.rela = self.header.sh_type == SHT_RELA
        self.memory = image.section(self.header.sh_info)
        self.blank = bytes(self.memory) == bytes(len(self.memory))  # tables of addresses are, before
        half = 1 << self.arch.bits - 1
        self.base = (image.addresses[self.header.sh_info] ^ half) - half

    def packer(self, field: Field, code: str = "") -> Struct:
        """What reads and writes the words of ``field``, as ``code`` or without sign."""
        return _struct(PREFIXES[field.order or self.arch.order] + (code or CODES[field.size]))

    def words(self, field: Field, offsets: Iterable[int]) -> list[int]:
        """What stands at ``offsets``, without sign."""
        unpack = self.packer(field).unpack_from
        return list(chain.from_iterable(map(unpack, repeat(self.memory), offsets)))

    def columns(self, row: Reloc, fixups: Fixups, words: Sequence[int]) -> list[Iterable[int]]:
        """What the calculation of ``row`` asks for; ``words`` are what stands at the places."""
        return [self._column(letter, row, fixups, words) for letter in row.letters]

    def _column(self, letter: str, row: Reloc, fixups: Fixups, words: Sequence[int]) -> Iterable[int]:
        if letter == "S":
            return map(self.values.__getitem__, fixups.symbols) if fixups.S is None else fixups.S
        if letter == "P":
            return map(add, fixups.offsets, repeat(self.base)) if fixups.P is None else fixups.P
        if letter == "A":
            return map(row.field.get, words) if fixups.A is None else fixups.A
        if letter in CONSTANT:
            return repeat(self.gp if letter == "GP" else self.base, len(fixups.numbers))
        return words if letter == "V" else fixups.L or ()


_struct = cache(Struct)


def decode(arch: Arch, raw: bytes | memoryview, *, rela: bool) -> Fixups:
    """The relocations in ``raw``."""
    step = 3 if rela else 2
    unsigned, signed = ("Q", "q") if arch.bits == WIDE else ("I", "i")
    words = array(unsigned)
    words.frombytes(raw[: len(raw) // (step * words.itemsize) * step * words.itemsize])
    if arch.order != sys.byteorder:
        words.byteswap()
    numbers, symbols = (arch.info or _info)(words[1::step])
    addends = array(signed, words[2::step].tobytes()).tolist() if rela else None
    return Fixups(numbers, symbols, words[0::step].tolist(), addends)


def _info(words: array[int]) -> tuple[Sequence[int], Sequence[int]]:
    """The numbers and symbols in a column of r_info, as most machines have them."""
    if words.itemsize == WIDE // 8:
        halves = array("I", words.tobytes())
        return halves[LOW::2].tolist(), halves[1 - LOW :: 2].tolist()
    return [word & 0xFF for word in words], [word >> 8 for word in words]


def in_place(arch: Arch, memory: bytes | memoryview, fixups: Fixups) -> list[int]:
    """The addends that lie in the fields of REL relocations; 0 where there can be none."""
    found = []
    for number, offset in zip(fixups.numbers, fixups.offsets, strict=True):
        row = arch.relocs.get(number)
        if row is None or offset + row.field.size > len(memory):
            found.append(0)
            continue
        place = bytes(memory[offset : offset + row.field.size])
        found.append(row.field.get(int.from_bytes(place, row.field.order or arch.order)))
    return found
