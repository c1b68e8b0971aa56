"""Exports of the module: __ksymtab, with symbols for ksymoops."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from pymodutils.elf.constants import SHF_ALLOC, STB_GLOBAL, STB_LOCAL
from pymodutils.linux24.obj import modinfo
from pymodutils.linux24.obj.symbols import ObjSymbol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.linux24.insmod.calls import Known
    from pymodutils.linux24.obj.file import ObjFile

NAME, THIS, MODTAB = "__ksymtab", ".this", ".kmodtab"
TAGGED: Final = (".text", ".rodata", ".data", ".bss")
GLOBAL: Final = STB_GLOBAL << 4


class Origin:
    """The origin of a module; ``persist`` is the file of its persistent data, or ""."""

    def __init__(self, path: str, mtime: int | None = None, persist: str = "") -> None:
        self.path = os.path.realpath(path)
        self.mtime = _mtime(self.path) if mtime is None else mtime
        self.persist = persist


def _mtime(path: str) -> int:
    try:
        return int(os.stat(path).st_mtime)
    except OSError:
        return 0


def add_ksymoops(module: ObjFile, name: str, origin: Origin, *, export: bool) -> None:
    """Symbols with the file, its time, the kernel version, and the sizes of sections.

    They are exported here if there is a __ksymtab, or (not ``export``) nothing else will be.
    """
    listed = module.find(NAME) is not None or not export
    this = module.find(THIS)
    digits = module.machine.arch.bits // 4  # of a time_t
    version = modinfo.kernel_version(module)
    number = -1 if version is None else modinfo.version_number(version)
    names = [(this, f"_O{origin.path}_M{origin.mtime:0{digits}X}_V{number}")]
    if origin.persist:
        names.append((this, f"_P{origin.persist}"))
    tagged = (section for section in map(module.find, TAGGED) if section and section.size)
    names += [(section, f"_S{section.name}_L{section.size}") for section in tagged]
    for section, tail in names:
        if section:
            new = ObjSymbol(f"__insmod_{name}{tail}", GLOBAL, section.index, section.address, 0)
            symbol = module.symbols.add(new)
            if listed:
                add(module, symbol)


def add(module: ObjFile, symbol: ObjSymbol) -> None:
    """Export ``symbol``."""
    pointer = module.machine.arch.bits // 8
    table = module.find(NAME)
    if table and not table.flags & SHF_ALLOC:  # of EXPORT_NO_SYMBOLS
        table.name = f"x{NAME[1:]}"
        table = None
    table = table or module.create(NAME, pointer)
    at = table.size
    module.point_to_symbol(table, at, symbol)
    module.point_to_string(table, at + pointer, symbol.name)
    table.extend(2 * pointer)


def complete(module: ObjFile, used: Sequence[Known], *, export: bool) -> None:
    """Create .kmodtab for the modules ``used``; without __ksymtab (``export``), export all global symbols."""
    if used:
        _depend(module, used)
    if export and module.find(NAME) is None:
        for symbol in list(module.symbols):
            if symbol.binding != STB_LOCAL and module.is_loaded(symbol):
                add(module, symbol)


def _depend(module: ObjFile, used: Sequence[Known]) -> None:
    reference, this = module.machine.abi.longs(3), module.symbols.find("__this_module")
    table = module.create(MODTAB, module.machine.abi.long, reference.size * len(used))
    rows = b"".join(reference.pack(each.address, 0, 0) for each in used)
    table.fill(rows)
    for at in range(len(used)):
        if this:
            module.point_to_symbol(table, at * reference.size + module.machine.abi.long, this)
