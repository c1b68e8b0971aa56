"""Relocations of live patches, against symbols that are not exported; kernel/livepatch/core.c.

Without the kernel's kallsyms, symbols that it does not export are assumed to exist, at 0.
"""

from __future__ import annotations

import re
from errno import EINVAL
from typing import TYPE_CHECKING, Final, NoReturn

from pymodutils.elf.constants import SHF_RELA_LIVEPATCH, SHN_LIVEPATCH, SHT_RELA
from pymodutils.kernel.emulated.state.kernel_state import KALLSYMS
from pymodutils.kernelimage.kallsyms import addresses
from pymodutils.link.reloc_section import decode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymodutils.kernel.emulated.load.load_info import LoadInfo
    from pymodutils.kernelimage.kallsyms import Symbols

VMLINUX: Final = "vmlinux"
SECTION: Final = re.compile(r"\.klp\.rela\.([^.]{1,55})")
SYMBOL: Final = re.compile(r"\.klp\.sym\.([^.]{1,55})\.([^,]{1,511}),\s*([+-]?\d+)")
PLACE_SINCE: Final = (6, 19)  # an unmarked symbol is logged with its relocation


def applies(load: LoadInfo, at: int) -> bool:
    """Whether relocation section ``at`` is applied now: sections of other objects are deferred.

    Sets the values of symbols of the kernel. Raises Refused with EINVAL for malformed names and unmarked
    symbols.
    """
    section = load.sections[at]
    if not section.sh_flags & SHF_RELA_LIVEPATCH:
        return True
    if not load.on("LIVEPATCH"):
        return False
    found = SECTION.match(section.name)
    if found is None:
        _refuse(load, f"section {section.name} has an incorrectly formatted name")
    if found[1] != VMLINUX:
        return False
    _symbols(load, at)
    return True


def _symbols(load: LoadInfo, at: int) -> None:
    """Resolve the symbols of relocation section ``at``; klp_resolve_symbols."""
    table, rela = load.object.symbols, load.sections[at].sh_type == SHT_RELA
    numbers = decode(load.object.arch, load.image.section(at), rela=rela).symbols
    places = _places(load, numbers)
    for index, number in enumerate(numbers):
        if number >= len(table):
            return  # refused during relocation
        name = table.name(number)
        if table.sections[number] != SHN_LIVEPATCH:
            place = f" at rela sec {load.object.symtab} idx {index}" if load.rules.since(*PLACE_SINCE) else ""
            _refuse(load, f"symbol {name}{place} is not marked as a livepatch symbol")
        found = SYMBOL.match(name)
        if found is None:
            _refuse(load, f"symbol {name} has an incorrectly formatted name")
        if found[1] == VMLINUX:
            load.values[number] = _of_kernel(load, places, found[2], int(found[3]))
        else:
            _of_module(load, found[1], found[2])


def _places(load: LoadInfo, numbers: Iterable[int]) -> Symbols | None:
    """The addresses of the kernel's symbols that ``numbers`` refer to; None without its kallsyms."""
    known, table = load.state.blob(KALLSYMS), load.object.symbols
    if not known:
        return None
    inside = (number for number in dict.fromkeys(numbers) if number < len(table))
    marked = (number for number in inside if table.sections[number] == SHN_LIVEPATCH)
    names = (found[2] for found in map(SYMBOL.match, map(table.name, marked)) if found)
    return addresses(known, [name.encode("utf-8", "surrogateescape") for name in names])


def _of_kernel(load: LoadInfo, places: Symbols | None, symbol: str, position: int) -> int:
    """The address of the kernel's ``symbol``, the ``position``th of its name; 0: the only one."""
    if places is None:
        exported = load.state.export(symbol)
        return (exported.export.address or 0) if exported and not exported.owner else 0
    found = places.get(symbol.encode("utf-8", "surrogateescape"), ())
    if not any(found[: position or None]):
        _refuse(load, f"symbol '{symbol}' not found in symbol table")
    if not position and len(found) > 1:
        _refuse(load, f"unresolvable ambiguity for symbol '{symbol}' in object '(null)'")
    if position > len(found):
        what = f"symbol position {position} for symbol '{symbol}'"
        _refuse(load, f"{what} in object '{VMLINUX}' not found")
    return found[position - 1]


def _of_module(load: LoadInfo, module: str, symbol: str) -> None:
    """Refuse a symbol of a module that is not loaded."""
    if load.state.find(module) is None:
        _refuse(load, f"symbol '{symbol}' not found in symbol table")


def _refuse(load: LoadInfo, text: str) -> NoReturn:
    load.refuse(EINVAL, f"livepatch: {text}")
