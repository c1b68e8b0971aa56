"""Built-in modules with a directory in /sys/module: those with visible parameters or a version.

Every parameter of the kernel is in __param as ``MODULE.NAME``, and every version in __modver;
include/linux/moduleparam.h and module.h, kernel/params.c: param_sysfs_builtin.
"""

from __future__ import annotations

from struct import unpack_from
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.elf.scan import Elf
    from pymodutils.kernelimage.kallsyms import Symbols
    from pymodutils.kernelimage.memory import ImageMemory

CORE: Final = "kernel"  # parameters without a module name
MOST: Final = 50_000  # entries; a kernel has some thousand
SYMBOLS: Final = (b"__start___param", b"__stop___param", b"__start___modver", b"__stop___modver")
VERSION: Final = b"version"  # the name of the file created for an entry of __modver


def in_sections(memory: ImageMemory, elf: Elf) -> tuple[str, ...] | None:
    """The sorted names of these modules; None if the image does not reveal them."""
    found = {one.name: range(one.sh_offset, one.sh_offset + one.sh_size) for one in elf.sections}
    return _shown(memory, found.get("__param"), found.get("__modver"))


def by_symbols(memory: ImageMemory, symbols: Symbols) -> tuple[str, ...] | None:
    """The same where there are no sections, but ``symbols``."""
    return _shown(memory, _table(memory, symbols, SYMBOLS[:2]), _table(memory, symbols, SYMBOLS[2:]))


def _table(memory: ImageMemory, symbols: Symbols, names: tuple[bytes, ...]) -> range | None:
    """The file range of the table between the symbols of two ``names``."""
    ends = [symbols.get(name, ()) for name in names]
    offsets = [memory.offset(end[0]) for end in ends if end]
    if len(offsets) < len(ends) or None in offsets:
        return None
    start, stop = (offset or 0 for offset in offsets)
    return range(start, stop)


def _shown(memory: ImageMemory, parameters: range | None, versions: range | None) -> tuple[str, ...] | None:
    if parameters is None:
        return None
    names = set(_of_parameters(memory, parameters))
    if versions is not None:
        names.update(_of_versions(memory, versions))
    return tuple(sorted(names)) if names else None


def _of_parameters(memory: ImageMemory, table: range) -> Iterator[str]:
    """The module of each struct kernel_param {name, mod, ops, u16 perm, s8 level, u8 flags, arg} to show."""
    word = memory.word
    size = 4 * word + max(4, word)
    for at in _places(memory, table, size):
        mode = unpack_from(f"{memory.prefix}H", memory.data, at + 3 * word)[0]
        name = memory.string(_pointer(memory, at))
        if mode and name:
            module, dot, _ = name.decode("utf-8", "surrogateescape").partition(".")
            yield module if dot else CORE


def _of_versions(memory: ImageMemory, table: range) -> Iterator[str]:
    """The module of each struct module_version_attribute, whose last fields are module and version."""
    places = _places(memory, table, memory.word)
    starts = [at for at in places if memory.string(_pointer(memory, at)) == VERSION]
    for start, end in zip(starts, [*starts[1:], places.stop], strict=False):
        at = end - 2 * memory.word
        name = memory.string(_pointer(memory, at)) if at > start else None
        if name:
            yield name.decode("utf-8", "surrogateescape")


def _places(memory: ImageMemory, table: range, size: int) -> range:
    """The file offsets of the entries of ``size`` bytes in ``table``."""
    room = min(len(table), len(memory.data) - table.start)
    count = min(max(room, 0) // size, MOST)
    return range(table.start, table.start + count * size, size)


def _pointer(memory: ImageMemory, at: int) -> int:
    return int(unpack_from(f"{memory.prefix}{memory.long}", memory.data, at)[0])
