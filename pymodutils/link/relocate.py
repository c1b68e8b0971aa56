"""Every place of an image patched; kernel/module/main.c: apply_relocations.

A section is done in bulk where that surely gives what one relocation after the other would; else, and to
find the one at which the kernel would stop, they are taken in their order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymodutils.link import bulk, onebyone, prepare
from pymodutils.link.failure import LinkError, OutOfBounds
from pymodutils.link.fixups import Site
from pymodutils.link.object import SHT_REL, SHT_RELA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.arch.making import Maker
    from pymodutils.link.image import Image


def relocate(image: Image, values: Sequence[int], name: str) -> None:
    """Apply all relocations of the module called ``name``, whose symbols have ``values``.

    Raises LinkError with the kernel's words, OutOfBounds for what the kernel would not have noticed.
    """
    module = image.module
    half = 1 << module.arch.bits - 1
    signed = [(value ^ half) - half for value in values]
    maker = module.arch.maker(prepare.memory(image)) if module.arch.maker else None
    budget = len(module.data)
    for at, section in enumerate(module.sections):
        if not at or section.sh_type not in (SHT_REL, SHT_RELA) or section.sh_info >= len(module.sections):
            continue
        if image.layout.placed[section.sh_info] is None:
            continue
        budget -= section.sh_size
        if budget < 0:
            raise OutOfBounds(name, "its relocation sections overlap each other")
        _apply(image, at, signed, name, maker)


def _apply(image: Image, at: int, values: Sequence[int], name: str, maker: Maker | None) -> None:
    """Apply relocation section ``at``."""
    header, arch = image.module.sections[at], image.module.arch
    refusal = arch.rela if header.sh_type == SHT_RELA else arch.rel
    if refusal:
        raise LinkError(name, refusal.text.format(module=name), refusal.errno)
    if header.sh_info == image.module.symtab:
        raise OutOfBounds(name, f"{header.name} patches the symbols that it uses")
    site = Site(image, at, values, name, maker.gp if maker else 0)
    fixups = prepare.read(site, image.section(at), maker)
    try:
        bulk.apply(site, fixups)
    except bulk.Doubt:
        onebyone.apply(site, fixups)
