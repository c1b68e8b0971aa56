"""Fill in the header of the image, struct module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.linux24.machine.model import ARCHDATA
from pymodutils.linux24.obj import kallsyms
from pymodutils.linux24.struct_module import AUTOCLEAN, StructModule, size_of

if TYPE_CHECKING:
    from pymodutils.linux24.machine.slots import Slots
    from pymodutils.linux24.obj.file import ObjFile

RANGES: Final = {"ex_table": "__ex_table", "archdata": ARCHDATA, "kallsyms": kallsyms.NAME}


def fill(module: ObjFile, slots: Slots, size: int, deps: int, *, autoclean: bool) -> None:
    """Complete .this for an image of ``size`` bytes that depends on ``deps`` modules."""
    this = module.find(".this")
    if this is None or this.contents is None:
        return
    header = StructModule(this.contents, module.machine.abi)
    header["size_of_struct"], header["size"] = size_of(module.machine.abi), size
    header["flags"] = AUTOCLEAN if autoclean else 0
    table = module.find("__ksymtab")
    if table and table.size:
        header["syms"] = table.address
        header["nsyms"] = table.size // (2 * module.machine.abi.long)
    references = module.find(".kmodtab") if deps else None
    if references:
        header["deps"], header["ndeps"] = references.address, deps
    for member, name in (("init", "init_module"), ("cleanup", "cleanup_module")):
        header[member] = module.value(module.symbols.find(name))
    for member, name in RANGES.items():
        section = module.find(name)
        if section and (section.size or member == "ex_table"):
            header[f"{member}_start"], header[f"{member}_end"] = (
                section.address,
                section.address + section.size,
            )
    starts = [section.address for section in map(module.find, (".text.init", ".data.init")) if section]
    header["runsize"] = min(starts) - this.address if starts else 0
    slots.complete(header)
