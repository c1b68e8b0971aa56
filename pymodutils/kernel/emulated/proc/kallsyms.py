"""/proc/kallsyms: the kernel's exports, and the symbols of modules in memory; kernel/kallsyms.c."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.elf.constants import SHT_STRTAB, SHT_SYMTAB
from pymodutils.elf.headers import PREFIXES
from pymodutils.kernel.base import State
from pymodutils.kernel.emulated.load.complete_formation import FLAGS_SINCE
from pymodutils.kernel.emulated.load.find_symbol import KERNEL
from pymodutils.kernel.emulated.state import module_table
from pymodutils.kernel.emulated.state.database import unsigned
from pymodutils.link.layout import KALLSYMS, SYMBOL_SIZE, align
from pymodutils.link.object import SYMBOL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.kernel.emulated.state.kernel_state import KernelState
    from pymodutils.kernel.emulated.state.module import KernelModule, SectAttr


class ModKallsyms(NamedTuple):
    """A symbol table in memory."""

    entries: bytes
    names: bytes
    letters: bytes


LONGEST: Final = 511  # maximum bytes of a name; KSYM_NAME_LEN
NOTHING: Final = ModKallsyms(b"", b"", b"")


def address(state: KernelState, value: int) -> str:
    """``value`` as printed by %px."""
    return f"{value:0{state.rules.arch.bits // 4}x}"


def kallsyms(state: KernelState) -> Iterator[str]:
    """The lines of the file."""
    query = "SELECT address, name FROM export WHERE owner = ?"
    for value, name in sorted((unsigned(value), name) for value, name in state.store.execute(query, KERNEL)):
        yield f"{address(state, value)} T {name}"
    for module in state.modules():
        yield from _of_module(state, module)


def _of_module(state: KernelState, module: KernelModule) -> Iterator[str]:
    """The lines of ``module``; exports in __ksymtab, from 7.0 on all exports, are in upper case."""
    all_in_one = state.rules.since(*FLAGS_SINCE)
    query = "SELECT name, address FROM export WHERE owner = ?" + ("" if all_in_one else " AND NOT gpl")
    exported = {(name, unsigned(value)) for name, value in state.store.execute(query, module.id)}
    for name, value, kind in symbols(state, module):
        if name:
            letter = kind.upper() if (name, value) in exported else kind.lower()
            yield f"{address(state, value)} {letter} {name}\t[{module.name}]"


def symbols(state: KernelState, module: KernelModule) -> Iterator[tuple[str, int, str]]:
    """(name, value, type) of each kept symbol, or of all symbols while init() runs."""
    init_runs = module.state is State.COMING
    table = _of_all(state, module) if init_runs else _of_those_that_stay(state, module)
    codes, _, (at, _, _, _, values, _) = SYMBOL[state.rules.arch.bits]
    entries = Struct(PREFIXES[state.rules.arch.order] + codes).iter_unpack(table.entries)
    for entry, letter in zip(entries, table.letters, strict=True):
        name = table.names[entry[at] : table.names.index(b"\0", entry[at])]
        yield name[:LONGEST].decode("utf-8", "surrogateescape"), entry[values], chr(letter)


def _of_those_that_stay(state: KernelState, module: KernelModule) -> ModKallsyms:
    tail = module.tail
    if tail is None:
        return NOTHING
    memory = module_table.memory(state.store, module, tail.area)
    entries = memory[tail.symbols : tail.symbols + tail.length * SYMBOL_SIZE[state.rules.arch.bits]]
    names, letters = memory[tail.strings : tail.types], memory[tail.types : tail.types + tail.length]
    return ModKallsyms(bytes(entries), bytes(names), bytes(letters))


def _of_all(state: KernelState, module: KernelModule) -> ModKallsyms:
    """.symtab, its names, and the type letters after struct mod_kallsyms, in memory while init() runs."""
    sections = module_table.sections(state.store, module)
    symtab = next((it for it in sections if it.type == SHT_SYMTAB), None)
    if module.tail is None or symtab is None:
        return NOTHING
    bits, base = state.rules.arch.bits, module.areas[symtab.area].base
    strtab = [it for it in sections if it.type == SHT_STRTAB and it.area == symtab.area][-1]
    memory = module_table.memory(state.store, module, symtab.area)
    size, _ = KALLSYMS[bits]
    letters = until_init(bits, module, symtab.area, sections) + size
    count = symtab.size // SYMBOL_SIZE[bits]
    entries, names = (memory[it.address - base : it.address - base + it.size] for it in (symtab, strtab))
    entries = entries[: count * SYMBOL_SIZE[bits]]
    return ModKallsyms(bytes(entries), bytes(names), bytes(memory[letters : letters + count]))


def until_init(bits: int, module: KernelModule, area: int, sections: Sequence[SectAttr]) -> int:
    """The offset in ``area``, after its sections, of struct mod_kallsyms and the type letters."""
    end = max(it.address + it.size for it in sections if it.area == area) - module.areas[area].base
    _, alignment = KALLSYMS[bits]
    return align(end, alignment)
