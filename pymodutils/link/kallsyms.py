"""The symbols of a module that stay: a table, names and types behind its data; kernel/module/kallsyms.c."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final

from pymodutils.arch.model import PREFIXES
from pymodutils.link.layout import SYMBOL_SIZE
from pymodutils.link.object import SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHT_NOBITS, SYMBOL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.link.image import Image
    from pymodutils.link.object import Object

SHN_UNDEF: Final = 0
SHN_ABS: Final = 0xFFF1
STB_WEAK: Final = 2
STT_OBJECT: Final = 1


def keep(image: Image, values: Sequence[int]) -> None:
    """Fill the tail of ``image`` with the symbols that stay, at their ``values``, in the file's order."""
    tail, module = image.layout.tail, image.module
    if tail is None:
        return
    memory, entry = image.memory[tail.area], _Entry(module)
    strings, size = tail.strings, SYMBOL_SIZE[module.arch.bits]
    for number, at in enumerate(tail.kept):
        name = module.symbols.raw_name(at) + b"\0"
        entry.pack_into(memory, tail.symbols + number * size, at, strings - tail.strings, values[at])
        memory[strings : strings + len(name)] = name
        memory[tail.types + number] = ord(kind(image, at))
        strings += len(name)


class _Entry:
    """Writes entries of a symbol table as the machine has them."""

    def __init__(self, module: Object) -> None:
        codes, _, self.order = SYMBOL[module.arch.bits]
        self.struct = Struct(PREFIXES[module.arch.order] + codes)
        self.symbols = module.symbols

    def pack_into(self, memory: bytearray, place: int, at: int, name: int, value: int) -> None:
        """Write symbol ``at`` to offset ``place``, with another name and value."""
        table = self.symbols
        columns = (name, table.infos[at], table.others[at], table.sections[at], value, table.sizes[at])
        row = [0] * len(columns)
        for column, where in zip(columns, self.order, strict=True):
            row[where] = column
        self.struct.pack_into(memory, place, *row)


def kind(image: Image, at: int) -> str:
    """The letter that /proc/kallsyms has for symbol ``at``; elf_type."""
    module, table = image.module, image.module.symbols
    where = table.sections[at]
    if table.infos[at] >> 4 == STB_WEAK:
        return "v" if table.infos[at] & 15 == STT_OBJECT else "w"
    if where == SHN_UNDEF:
        return "U"
    if where in (SHN_ABS, image.layout.percpu):
        return "a"
    if where >= len(module.sections):
        return "?"
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
