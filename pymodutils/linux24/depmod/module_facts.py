"""Read the facts of a module for depmod: exports, imports and device tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.elf import compress
from pymodutils.elf.constants import SHN_ABS, SHN_LORESERVE, SHN_UNDEF, STB_GLOBAL, STB_WEAK
from pymodutils.errors import BadModule
from pymodutils.linux24.depmod.tables import TABLES, LinkedModule
from pymodutils.linux24.machine.slots import Slots
from pymodutils.linux24.obj import allocate, load
from pymodutils.linux24.obj.modinfo import SECTION
from pymodutils.linux24.obj.relocate import relocate, relocations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymodutils.linux24.depmod.tables import Row
    from pymodutils.linux24.obj.file import ObjFile

BASE: Final = 0x1000  # any address will do
KSYMTAB, EXPORTED = "__ksymtab", "__ksymtab_"
STRINGS: Final = ".modstring"
OPTIONAL: Final = "pci_device"  # tables without a size in kernels before 2.4.0
CHANGED: Final = (
    "\n\tIt is likely that the kernel structure has changed, if so then"
    "\n\tyou probably need a new version of modutils to handle this kernel."
    "\n\tCheck linux/Documentation/Changes."
)


class ModuleFacts(NamedTuple):
    """A module: its file, the symbols that it exports and needs, and the lines of each map."""

    path: str
    exports: tuple[str, ...]
    needs: tuple[str, ...]
    maps: dict[str, list[str]]


def read(path: str, error: Callable[[str], None]) -> ModuleFacts:
    """Read the file ``path``; ``error`` is called for anomalies. Raises ModutilsError."""
    module = load.load(compress.read(path), path, error)
    slots = (module.machine.slots or Slots)(module, {})
    slots.create(relocations(module))
    used = {one.symbol.name for one in relocations(module) if one.symbol and one.number}
    needs = [name for name in _undefined(module) if name in used]
    exports = list(_exports(module))
    for symbol in module.symbols:
        if symbol.section == SHN_UNDEF:
            symbol.section, symbol.value = SHN_ABS, 0
    allocate.allocate_commons(module)
    try:
        size = module.place()
    except BadModule as refused:
        raise BadModule(path, f"{path}: {refused}", refused.errno) from None
    module.move(BASE)
    slots.settle()
    relocate(module, slots, error)
    image = LinkedModule(BASE, bytes(module.image(size)), module.machine.abi)
    return ModuleFacts(path, tuple(exports), tuple(needs), _maps(module, image, error))


def _undefined(module: ObjFile) -> list[str]:
    found = (symbol for symbol in module.symbols if symbol.section == SHN_UNDEF)
    return [symbol.name for symbol in found if symbol.binding != STB_WEAK]


def _exports(module: ObjFile) -> Iterator[str]:
    """What __ksymtab lists; without one all global symbols, unless functions have descriptors.

    A module of 2.0 does not declare its exports: all symbols that it defines count.
    """
    table = module.find(KSYMTAB)
    if not (table or module.find(SECTION) or module.symbols.find("__this_module")):
        yield from (each.name for each in module.symbols if SHN_UNDEF < each.section < SHN_LORESERVE)
        return
    for symbol in module.symbols:
        if symbol.section == SHN_UNDEF or symbol.binding != STB_GLOBAL:
            continue
        if table is None:
            if not module.machine.descriptors:
                yield symbol.name
        elif symbol.section == table.index:
            yield symbol.name.removeprefix(EXPORTED)


def _maps(module: ObjFile, image: LinkedModule, error: Callable[[str], None]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    strings = module.find(STRINGS)
    data = bytes(strings.contents or b"") if strings else b""
    texts = [text.decode("utf-8", "surrogateescape") for text in data.split(b"\0") if text]
    if texts:
        found["generic_string"] = texts
    for name, table in TABLES.items():
        lines = [table.line(row, image) for row in _rows(module, image, name, error)]
        if lines:
            found.setdefault(table.map, []).extend(lines)
    return found


def _rows(module: ObjFile, image: LinkedModule, name: str, error: Callable[[str], None]) -> Iterator[Row]:
    """The entries of the table ``name``, if the module has one with entries of the known size."""
    table, own = TABLES[name], TABLES[name].layout(image.abi).size
    start = image.long(module.value(module.symbols.find(f"__module_{name}_table")))
    size = image.long(module.value(module.symbols.find(f"__module_{name}_size")))
    if start is None or (size is None and name != OPTIONAL):
        return
    version = image.long(module.value(module.symbols.find(f"__module_{name}_ver")))
    if version not in (None, 1):
        error(f"Module {module.path} has an unknown version ({version}) {name} table{CHANGED}")
    if size not in (None, own):
        error(f"Unexpected value ({size}) in '{module.path}' for {name}_size{CHANGED}")
        return
    yield from table.rows(image, start)
