"""Find the name of a module and its parts in the file; kernel/module/main.c: setup_load_info."""

from __future__ import annotations

from errno import EPERM
from typing import TYPE_CHECKING

from pymodutils.elf.constants import SHT_NOBITS, SHT_SYMTAB
from pymodutils.kern_levels import WARNING
from pymodutils.kernel.base import Init
from pymodutils.kernel.emulated.load.load_info import NAME_LENGTH, NAME_OFFSET, UNNAMED
from pymodutils.link.failure import OutOfBounds
from pymodutils.link.layout import PER_CPU
from pymodutils.link.object import THIS_MODULE, Object

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.load.load_info import LoadInfo


def setup(load: LoadInfo) -> None:
    """Find the name, the symbols, struct module and the versions."""
    load.info = load.find(".modinfo")
    name = load.modinfo("name")
    load.name, shown = name or "", UNNAMED if name is None else name
    if not any(section.sh_type == SHT_SYMTAB for section in load.sections[1:]):
        load.refuse(text=f"{shown}: module has no symbols (stripped?)", level=WARNING)
    load.this_module = load.find(THIS_MODULE)
    if not load.this_module:
        load.refuse(text=f"{shown}: No module found in object", level=WARNING)
    rest(load)


def rest(load: LoadInfo) -> None:
    """Find the versions and the per-CPU data; without a name in .modinfo, use that in struct module."""
    load.module.name = _own_name(load)
    if load.modinfo("name") is None:
        load.name = load.module.name
    load.versions = 0 if load.flags & Init.IGNORE_MODVERSIONS else load.find("__versions")
    load.percpu = load.find(PER_CPU) if load.on("SMP") else 0
    load.object = Object(load.data, load.sections, load.rules.arch, load.name)


def _own_name(load: LoadInfo) -> str:
    """The name in struct module in the file."""
    bits, section = load.rules.arch.bits, load.sections[load.this_module]
    start = section.sh_offset + NAME_OFFSET[bits]
    if section.sh_type == SHT_NOBITS or start + NAME_LENGTH[bits] > len(load.data):
        raise OutOfBounds(load.name or "module", "struct module lies outside the file")
    return load.string(start, NAME_LENGTH[bits])


def blacklist(load: LoadInfo) -> None:
    """Refuse modules blacklisted on the kernel's command line."""
    if load.name in load.rules.words.blacklist():
        load.refuse(EPERM, f"Module {load.name} is blacklisted")
