"""The section __kallsyms: all symbols of a module for a kernel debugger; kallsyms.h of modutils.

Pointers into it are offsets: of names from the first string, of sections from the first one's entry.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final

from pymodutils.elf.headers import PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymodutils.linux24.obj.file import ObjFile
    from pymodutils.linux24.obj.symbols import ObjSymbol

NAME: Final = "__kallsyms"
ALIGN: Final = 4  # bytes
HEADER: Final = {32: "11I", 64: "iIi4xQiiQi4xQQQ"}  # struct kallsyms_header, _section and _symbol, by width
SECTION: Final = {32: "4I", 64: "QI4xQI4x"}
SYMBOL: Final = {32: "3I", 64: "3Q"}
EDGES: Final = (f"__start_{NAME}", f"__stop_{NAME}")
CHECKSUM: Final = "_R"
LEFT_OUT: Final = "gcc2_compiled."
OURS: Final = "__insmod_"  # how symbols begin that insmod has made


def in_kernel(symbols: Iterable[tuple[int, str]]) -> bool:
    """Whether a kernel that exports ``symbols``, values and names, has the section itself.

    Names are compared as in modutils: up to the first _R, and a prefix matches.
    """
    start = stop = 0
    for value, name in symbols:
        stem = name.partition(CHECKSUM)[0]
        if EDGES[0].startswith(stem):
            start = value
        elif EDGES[1].startswith(stem):
            stop = value
    return start < stop


class _Strings:
    """Concatenated strings."""

    def __init__(self) -> None:
        self.data = bytearray()

    def add(self, text: str) -> int:
        """The offset of ``text``."""
        at = len(self.data)
        self.data += text.encode("utf-8", "surrogateescape") + b"\0"
        return at


def _own_value(symbol: ObjSymbol) -> int:
    return symbol.value


def kallsyms(module: ObjFile, *, relocatable: bool = True) -> bytes:
    """The contents of the section with current addresses; for a kernel, those of its symbols."""
    bits, prefix = module.machine.arch.bits, PREFIXES[module.machine.arch.order]
    header, entry, symbol = (Struct(prefix + codes[bits]) for codes in (HEADER, SECTION, SYMBOL))
    loaded = [section for section in module.sections if section.is_loaded]
    strings = _Strings()
    entries = b"".join(
        entry.pack(section.address, section.size, strings.add(section.name), section.flags)
        for section in loaded
    )
    places = {section.index: at * entry.size for at, section in enumerate(loaded)}
    value = module.value if relocatable else _own_value
    symbols = [
        (value(found), found.name, places[found.section], strings.add(found.name))
        for found in module.symbols
        if found.section in places and found.name != LEFT_OUT and not found.name.startswith(OURS)
    ]
    symbols.sort(key=lambda row: (row[0], row[1].encode("utf-8", "surrogateescape")))
    rows = b"".join(symbol.pack(place, address, name) for address, _, place, name in symbols)
    start = header.size + len(entries)
    head = header.pack(
        header.size,
        start + len(rows) + len(strings.data),
        len(loaded),
        header.size,
        entry.size,
        len(symbols),
        start,
        symbol.size,
        start + len(rows),
        min((section.address for section in loaded), default=(1 << bits) - 1),
        max((section.address + section.size for section in loaded), default=0),
    )
    return head + entries + rows + bytes(strings.data)
