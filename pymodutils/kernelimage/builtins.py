"""Built-in modules that get a directory in /sys/module: those with parameters to show, or with a version.

Every parameter of the kernel is in __param, under ``MODULE.NAME``, and every version in __modver;
include/linux/moduleparam.h and module.h, kernel/params.c: param_sysfs_builtin.
"""

from __future__ import annotations

from struct import unpack_from
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.elf.headers import Section
    from pymodutils.elf.scan import Elf
    from pymodutils.kernelimage.memory import ImageMemory

CORE: Final = "kernel"  # whose parameters have no module's name before theirs
MOST: Final = 50_000  # entries: a kernel has some thousand
VERSION: Final = b"version"  # the name of the file that an entry of __modver makes


def in_sections(memory: ImageMemory, elf: Elf) -> tuple[str, ...] | None:
    """The names of these modules, sorted; None if the image does not tell them."""
    sections = {section.name: section for section in elf.sections}
    parameters, versions = sections.get("__param"), sections.get("__modver")
    if parameters is None:
        return None
    names = set(_of_parameters(memory, parameters))
    if versions is not None:
        names.update(_of_versions(memory, versions))
    return tuple(sorted(names)) if names else None


def _of_parameters(memory: ImageMemory, section: Section) -> Iterator[str]:
    """The module of each struct kernel_param {name, mod, ops, u16 perm, s8 level, u8 flags, arg} to show."""
    word = memory.word
    size = 4 * word + max(4, word)
    for at in _places(memory, section, size):
        mode = unpack_from(f"{memory.prefix}H", memory.data, at + 3 * word)[0]
        name = memory.string(_pointer(memory, at))
        if mode and name:
            module, dot, _ = name.decode("utf-8", "surrogateescape").partition(".")
            yield module if dot else CORE


def _of_versions(memory: ImageMemory, section: Section) -> Iterator[str]:
    """The module of each struct module_version_attribute, whose last fields are module and version."""
    places = _places(memory, section, memory.word)
    starts = [at for at in places if memory.string(_pointer(memory, at)) == VERSION]
    for start, end in zip(starts, [*starts[1:], places.stop], strict=False):
        at = end - 2 * memory.word
        name = memory.string(_pointer(memory, at)) if at > start else None
        if name:
            yield name.decode("utf-8", "surrogateescape")


def _places(memory: ImageMemory, section: Section, size: int) -> range:
    """Where the entries of ``size`` bytes in ``section`` start, as far as they lie in the file."""
    room = min(section.sh_size, len(memory.data) - section.sh_offset)
    count = min(max(room, 0) // size, MOST)
    return range(section.sh_offset, section.sh_offset + count * size, size)


def _pointer(memory: ImageMemory, at: int) -> int:
    return int(unpack_from(f"{memory.prefix}{memory.long}", memory.data, at)[0])
