"""The kept symbols of a module: table, names and types after its data; kernel/module/kallsyms.c."""

from __future__ import annotations

from itertools import accumulate, starmap
from struct import Struct
from typing import TYPE_CHECKING

from pymodutils.elf.constants import (
    SHF_ALLOC,
    SHF_EXECINSTR,
    SHF_WRITE,
    SHN_ABS,
    SHN_LORESERVE,
    SHN_UNDEF,
    SHT_NOBITS,
    STB_WEAK,
    STT_OBJECT,
)
from pymodutils.elf.headers import PREFIXES
from pymodutils.link.failure import OutOfBounds
from pymodutils.link.layout import KALLSYMS
from pymodutils.link.object import SYMBOL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.link.image import Image
    from pymodutils.link.object import Object


def keep(image: Image, values: Sequence[int]) -> None:
    """Fill the tail of ``image`` with the kept symbols and their ``values``, in file order.

    Raises OutOfBounds for names outside .strtab, because names are read from its copy in memory.
    """
    tail = image.layout.tail
    if tail is None:
        return
    memory, kept = image.memory[tail.area], tail.kept
    table, end = image.module.symbols, _end_of_names(image)
    names = [table.raw_name(at) + b"\0" for at in kept]
    lengths = list(map(len, names))
    if any(table.names[at] + length > end for at, length in zip(kept, lengths, strict=True)):
        raise OutOfBounds(image.module.subject, "a name of its symbols lies outside .strtab")
    places = list(accumulate(lengths, initial=0))[:-1]
    for start, content in (
        (tail.symbols, _entries(image.module, kept, places, values)),
        (tail.strings, b"".join(names)),
        (tail.types, _kinds(image, kept)),
    ):
        memory[start : start + len(content)] = content


def _end_of_names(image: Image) -> int:
    """The limit for the last name in .strtab: an unused byte after it is a NUL too."""
    module = image.module
    size, placed = module.sections[module.strtab].sh_size, image.layout.placed[module.strtab]
    _, alignment = KALLSYMS[module.arch.bits]
    return size + bool(placed and (placed.offset + size) % alignment)


def fill(image: Image, values: Sequence[int]) -> None:
    """Set ``values`` and type letters of all symbols in ``image``, used by kallsyms until init() ends."""
    tail, module = image.layout.tail, image.module
    if tail is None:
        return
    every = range(len(module.symbols))
    image.section(module.symtab)[:] = _entries(module, every, module.symbols.names, values)
    image.memory[tail.init_area][tail.init_types : tail.init_types + len(every)] = _kinds(image, every)


def _entries(module: Object, kept: Sequence[int], names: Sequence[int], values: Sequence[int]) -> bytes:
    """The ``kept`` entries of the symbol table with new ``names`` (offsets) and ``values``."""
    codes, _, order = SYMBOL[module.arch.bits]
    table, entry = module.symbols, Struct(PREFIXES[module.arch.order] + codes)
    taken = (table.infos, table.others, table.sections, values, table.sizes)
    columns = [names, *(map(column.__getitem__, kept) for column in taken)]
    placed = dict(zip(order, columns, strict=True))
    rows = zip(*map(placed.__getitem__, range(len(order))), strict=True)
    return b"".join(starmap(entry.pack, rows))


def _kinds(image: Image, kept: Sequence[int]) -> bytes:
    """The type letters of the ``kept`` symbols."""
    table = image.module.symbols
    keys = [(table.infos[at], table.sections[at]) for at in kept]
    letters = {key: ord(kind(image, *key)) for key in set(keys)}
    return bytes(map(letters.__getitem__, keys))


def kind(image: Image, info: int, where: int) -> str:
    """The letter in /proc/kallsyms for a symbol with this st_info in section ``where``; elf_type.

    Raises OutOfBounds if the file has no such section; only possible for symbol 0, which is always kept.
    """
    if info >> 4 == STB_WEAK:
        return "v" if info & 15 == STT_OBJECT else "w"
    if where == SHN_UNDEF:
        return "U"
    if where in (SHN_ABS, image.layout.percpu):
        return "a"
    if where >= SHN_LORESERVE:
        return "?"
    if where >= len(image.module.sections):
        raise OutOfBounds(image.module.subject, f"a symbol that is kept lies in section {where}")
    return _in_section(image, where)


def _in_section(image: Image, where: int) -> str:
    section = image.module.sections[where]
    flags = image.layout.flags[where]
    if flags & SHF_EXECINSTR:
        return "t"
    if flags & SHF_ALLOC and section.sh_type != SHT_NOBITS:
        if not flags & SHF_WRITE:
            return "r"
        return "g" if flags & image.module.arch.small else "d"
    if section.sh_type == SHT_NOBITS:
        return "s" if flags & image.module.arch.small else "b"
    return "n" if section.name.startswith(".debug") else "?"
